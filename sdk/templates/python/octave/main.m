% Prey x and predators y: x' = (a - b y) x, y' = (d x - c) y.
p = jsondecode(fileread("params.json"));
t = linspace(0, p.time_a, p.points)';
rates = @(z, t) [(p.prey_growth_per_a - p.predation_per_a * z(2)) * z(1); ...
                 (p.conversion_per_a * z(1) - p.predator_decline_per_a) * z(2)];
lsode_options("relative tolerance", 1e-10);
lsode_options("absolute tolerance", 1e-12);
[z, state, message] = lsode(rates, [p.prey; p.predators], t);
if state != 2
  error("lsode: %s", message);
end
write_json("populations.json", struct("t_a", t, "prey", z(:, 1), "predators", z(:, 2)));
