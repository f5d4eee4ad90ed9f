% All modes of the chain: K x = w^2 M x, as a symmetric problem.
p = jsondecode(fileread("params.json"));
[K, m] = chain(p);
[V, D] = eig(full(K) ./ sqrt(m * m'));
[squares, order] = sort(diag(D));
w = sqrt(max(squares, 0));
shapes = V(:, order) ./ sqrt(m);

f = fopen("modes.json", "w");
fprintf(f, '{"w_rad_per_s": [%s]}', strjoin(arrayfun(@(x) sprintf("%.17g", x), w', "UniformOutput", false), ", "));
fclose(f);
dlmwrite("shapes.csv", shapes, "precision", 12);
