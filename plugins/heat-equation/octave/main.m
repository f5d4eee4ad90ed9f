% Transient heat conduction in a rectangular plate, compared with the exact solution.
p = jsondecode(fileread("params.json"));
[x, y, T, history] = solve_plate(p);
exact = exact_temperature(p, x, y, p.time_s);
difference = T - exact;

middle_x = numel(x) / 2 + 0.5;
middle_y = numel(y) / 2 + 0.5;
result = struct( ...
  "max_error_K", max(abs(difference(:))), ...
  "rms_error_K", sqrt(mean(difference(:) .^ 2)), ...
  "centre_temperature_K", T(middle_x, middle_y), ...
  "centre_temperature_analytic_K", exact(middle_x, middle_y), ...
  "min_temperature_K", min(T(:)), ...
  "max_temperature_K", max(T(:)));
write_json("result.json", result);
write_json("history.json", history);
write_field("field.csv", x, y, T, exact);
draw("temperature.png", x, y, T, sprintf("Temperature after %g s [K]", p.time_s));
draw("error.png", x, y, difference, "Numeric minus exact [K]");
