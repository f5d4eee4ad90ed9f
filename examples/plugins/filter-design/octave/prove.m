% Filters two tones in noise with the rounded filter, and measures what is left of each.
p = jsondecode(fileread("params.json"));
sections = rounded(p, p.bits);
[~, f, response, gain] = measure(p, sections);
[~, ~, exact] = measure(p, [ones(size(p.b1)), p.b1, p.b2, ones(size(p.b1)), p.a1, p.a2]);

samples = 2 ^ 16;
t = (0:samples-1)' / p.rate_Hz;
% Whole periods in the second half, so that the tones do not leak into each other.
bin = @(f) round(f * (samples / 2) / p.rate_Hz) * p.rate_Hz / (samples / 2);
tones = [bin(p.pass_Hz / 2), bin((p.stop_Hz + p.rate_Hz / 2) / 2)];
randn("twister", p.seed);
x = sum(cos(2 * pi * t * tones), 2) + 1e-3 * randn(samples, 1);
y = gain * x;
for s = sections'
  y = filter(s(1:3)', s(4:6)', y);
end

half = samples / 2 + 1 : samples;
amplitude = @(y, f) 2 * abs(mean(y(half) .* exp(-2i * pi * f * t(half))));
dB = @(f) 20 * log10(amplitude(y, f) / amplitude(x, f));
write_json("proof.json", struct( ...
  "pass_tone_Hz", tones(1), "pass_tone_dB", dB(tones(1)), "stop_tone_Hz", tones(2), "stop_tone_dB", dB(tones(2)), ...
  "f_Hz", f, "rounded_dB", response, "exact_dB", exact));
out = fopen("coefficients.csv", "w");
fprintf(out, "section,b0,b1,b2,a0,a1,a2\n");
fprintf(out, "%d,%.12g,%.12g,%.12g,%.12g,%.12g,%.12g\n", [1:rows(sections); sections']);
fprintf(out, "gain,%.12g\n", gain);
fclose(out);
