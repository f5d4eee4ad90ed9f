% A low-pass filter as second-order sections with b0 = 1: the poles nearest to the unit circle come first, each pair
% with the zeros nearest to it. The package's zp2sos leaves sections with b0 = 0. Real zeros of low-passes lie at -1.
function sections = sections_of(zeros_, poles_)
  z = zeros_(imag(zeros_) > 1e-6);
  p = poles_(imag(poles_) > 1e-9);
  [~, order] = sort(abs(p), "descend");
  sections = [];
  for pole = p(order).'
    numerator = [1, 2, 1];
    if !isempty(z)
      [~, i] = min(abs(z - pole));
      numerator = [1, -2 * real(z(i)), abs(z(i)) ^ 2];
      z(i) = [];
    end
    sections(end+1, :) = [numerator, 1, -2 * real(pole), abs(pole) ^ 2];
  end
  for pole = real(poles_(abs(imag(poles_)) <= 1e-9)).'
    sections(end+1, :) = [1, 1, 0, 1, -pole, 0];
  end
end
