% Equal lags in series: K / (T s + 1)^n.
function [num, den] = plant(p)
  num = p.gain;
  den = 1;
  for k = 1:p.lags
    den = conv(den, [p.lag_s, 1]);
  end
end
