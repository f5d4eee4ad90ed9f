% Motion of a mass on a damped spring: m x'' + c x' + k x = 0, x(0) = a, x'(0) = 0.
p = jsondecode(fileread("params.json"));
t = linspace(0, p.time_s, p.points)';
rates = @(x, t) [x(2); -(p.damping_N_s_per_m * x(2) + p.stiffness_N_per_m * x(1)) / p.mass_kg];
lsode_options("relative tolerance", 1e-10);
lsode_options("absolute tolerance", 1e-12);
[x, state, message] = lsode(rates, [p.amplitude_m; 0], t);
if state != 2
  error("lsode: %s", message);
end
write_json("motion.json", struct("t_s", t, "x_m", x(:, 1)));
