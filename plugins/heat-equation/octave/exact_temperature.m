% Exact temperature at the points x, y at the time t > 0: the product of two one-dimensional sine
% series (Carslaw & Jaeger, Conduction of Heat in Solids, 2nd ed. 1959, sections 1.15 and 3.3).
function T = exact_temperature(p, x, y, t)
  along_x = sine_series(x, p.width_m, p.diffusivity_m2_per_s * t);
  along_y = sine_series(y, p.height_m, p.diffusivity_m2_per_s * t);
  T = p.edge_temperature_K + (p.initial_temperature_K - p.edge_temperature_K) * (along_x' * along_y);
end

% Sum over odd n of 4/(n pi) sin(n pi x/L) exp(-n^2 pi^2 a t/L^2), until terms are below 1e-17.
function s = sine_series(x, L, at)
  last = max(3, ceil(L * sqrt(40 / at) / pi));
  n = (1:2:last)';
  s = (4 ./ (n' * pi) .* exp(-(n' * pi / L) .^ 2 * at)) * sin(n * pi * x / L);
end
