% Integrates the swing of a pendulum and measures its period.
p = jsondecode(fileread("params.json"));
motion = @(t, y) [y(2); -p.damping_per_s * y(2) - p.gravity_m_per_s2 / p.length_m * sin(y(1))];
t = linspace(0, p.end_s, 200 * (p.periods + 1) + 1)';
options = odeset("RelTol", 1e-9, "AbsTol", 1e-9);
[~, y] = ode45(motion, t, [p.angle_deg * pi / 180; 0], options);

% Where the angle rises through zero.
angle = y(:, 1) * 180 / pi;
i = find(angle(1:end-1) < 0 & angle(2:end) >= 0);
if numel(i) < 2
  error("the pendulum does not swing often enough to tell its period");
end
crossings = t(i) - angle(i) .* (t(i+1) - t(i)) ./ (angle(i+1) - angle(i));
period = (crossings(end) - crossings(1)) / (numel(crossings) - 1);

last = abs(angle(t >= t(end) - period));
result = struct("period_s", period, "final_amplitude_deg", max(last), "t_s", t, "angle_deg", angle);
write_json("swing.json", result);
f = fopen("swing.csv", "w");
fprintf(f, "t_s,angle_deg\n");
fprintf(f, "%.9g,%.9g\n", [t, angle]');
fclose(f);
