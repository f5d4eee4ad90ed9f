% Kp (1 + 1/(Ti s) + Td s/(Td/N s + 1)).
function [num, den] = controller(c)
  N = 10;
  filter = [c.Td_s / N, 1];
  num = c.Kp * (conv([c.Ti_s, 1], filter) + [c.Ti_s * c.Td_s, 0, 0]);
  den = conv([c.Ti_s, 0], filter);
  if c.Td_s == 0
    num = num(2:end);
    den = den(2:end);
  end
end
