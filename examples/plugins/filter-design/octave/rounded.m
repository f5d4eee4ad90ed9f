% The sections with coefficients as words of so many bits hold them: two's complement, from -2 to 2; numerators,
% which have coefficients of exactly 2, are stored halved.
function sections = rounded(p, bits)
  step = 2 ^ (2 - bits);
  word = @(c) min(max(round(c / step) * step, -2), 2 - step);
  numerators = 2 * word([ones(size(p.b1)), p.b1, p.b2] / 2);
  sections = [numerators, ones(size(p.b1)), word(p.a1), word(p.a2)];
end
