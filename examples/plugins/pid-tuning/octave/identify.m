% Where the plant begins to oscillate under proportional control.
pkg load control
p = jsondecode(fileread("params.json"));
[num, den] = plant(p);
[gain, ~, frequency] = margin(tf(num, den));
write_json("limit.json", struct("ultimate_gain", gain, "ultimate_period_s", 2 * pi / frequency));
