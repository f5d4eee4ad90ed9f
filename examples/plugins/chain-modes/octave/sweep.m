% How far the observed mass moves for each unit of force, at each frequency of a band.
p = jsondecode(fileread("params.json"));
band = jsondecode(fileread("band.json"));
[K, m] = chain(p);
n = numel(m);
M = spdiags(m, 0, n, n);
force = sparse(p.driven, 1, 1, n, 1);
w = linspace(band.from_rad_per_s, band.to_rad_per_s, band.points);

f = fopen("sweep.csv", "w");
for i = 1:band.points
  x = (K * (1 + 1i * p.loss_factor) - w(i) ^ 2 * M) \ force;
  fprintf(f, "%.17g,%.17g\n", w(i), full(abs(x(p.observed))));
end
fclose(f);
