% The settings with the least error after a step of the load, among those as far from instability as is asked for.
pkg load control
p = jsondecode(fileread("params.json"));
start = [p.controller.Kp, p.controller.Ti_s, max(p.controller.Td_s, p.controller.Ti_s / 20)];
settings = @(x) struct("Kp", start(1) * exp(x(1)), "Ti_s", start(2) * exp(x(2)), "Td_s", start(3) * exp(x(3)));
options = optimset("TolX", 1e-4, "TolFun", 1e-6, "MaxFunEvals", p.evaluations, "Display", "off");
cost = @(x) cost_of(p, settings(x));
x = [0, 0, 0];
% A simplex that has collapsed at the limit is set up anew.
for restart = 1:3
  x = fminsearch(cost, x, options);
end
write_json("controller.json", settings(x));
write_json("loop.json", loop_of(p.plant, settings(x)));
