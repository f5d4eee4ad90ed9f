% Designs the filter of lowest order of one family that holds the specification.
pkg load signal
p = jsondecode(fileread("params.json"));
pass = 2 * p.pass_Hz / p.rate_Hz;
stop = 2 * p.stop_Hz / p.rate_Hz;
switch p.family
  case "butterworth"
    [n, edge] = buttord(pass, stop, p.ripple_dB, p.attenuation_dB);
    [zeros_, poles_, ~] = butter(n, edge);
  case "chebyshev-1"
    n = cheb1ord(pass, stop, p.ripple_dB, p.attenuation_dB);
    [zeros_, poles_, ~] = cheby1(n, p.ripple_dB, pass);
  case "chebyshev-2"
    [n, edge] = cheb2ord(pass, stop, p.ripple_dB, p.attenuation_dB);
    [zeros_, poles_, ~] = cheby2(n, p.attenuation_dB, edge);
  case "elliptic"
    n = ellipord(pass, stop, p.ripple_dB, p.attenuation_dB);
    [zeros_, poles_, ~] = ellip(n, p.ripple_dB, p.attenuation_dB, pass);
end
sections = sections_of(zeros_, poles_);
m = measure(p, sections);
write_json("design.json", struct( ...
  "order", n, "ripple_dB", m.ripple_dB, "attenuation_dB", m.attenuation_dB, ...
  "b1", sections(:, 2), "b2", sections(:, 3), "a1", sections(:, 5), "a2", sections(:, 6)));
