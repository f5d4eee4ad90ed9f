% Newton's law of cooling and its sensitivities at the times of the measurements.
p = jsondecode(fileread("params.json"));
printf("iteration %d: k = %.9g 1/s, ambient %.9g K\n", p.iteration, p.k_per_s, p.ambient_temperature_K);

lsode_options("relative tolerance", 1e-10);
lsode_options("absolute tolerance", 1e-12);
times = p.t_s(:);
starts_late = times(1) > p.start_s;
if starts_late
  times = [p.start_s; times];
end
[x, state, message] = lsode(@(x, t) rates(x, p), [p.initial_temperature_K; 0; 0], times);
if state != 2
  error("lsode: %s", message);
end
if starts_late
  x(1, :) = [];
end
write_json("result.json", struct("T_K", x(:, 1), "dT_dk", x(:, 2), "dT_dambient", x(:, 3)));
