% How a cascade of second-order sections holds the specification; `gain` makes 0 dB the most of the pass band.
function [m, f, response, gain] = measure(p, sections)
  in_pass = magnitude(p, sections, linspace(0, p.pass_Hz, 2001)');
  in_stop = magnitude(p, sections, linspace(p.stop_Hz, p.rate_Hz / 2, 2001)');
  peak = max(in_pass);
  m.ripple_dB = peak - min(in_pass);
  m.attenuation_dB = peak - max(in_stop);
  m.stable = stable(sections);
  f = linspace(0, p.rate_Hz / 2, 400)';
  response = max(magnitude(p, sections, f) - peak, -200);
  gain = 10 ^ (-peak / 20);
end

function dB = magnitude(p, sections, f)
  z = exp(-2i * pi * f / p.rate_Hz);
  h = ones(size(f));
  for s = sections'
    h = h .* (s(1) + s(2) * z + s(3) * z .^ 2) ./ (s(4) + s(5) * z + s(6) * z .^ 2);
  end
  dB = 20 * log10(max(abs(h), 1e-15));
end

function yes = stable(sections)
  yes = true;
  for s = sections'
    yes = yes && all(abs(roots(s(4:6))) < 1);
  end
end
