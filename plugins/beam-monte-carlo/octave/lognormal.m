% Samples of a lognormal variable of this mean and coefficient of variation.
function x = lognormal(of, count)
  variance = log(1 + of.cv ^ 2);
  x = exp(log(of.mean) - variance / 2 + sqrt(variance) * randn(count, 1));
end
