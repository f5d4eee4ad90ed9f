% Stiffness of the chain, without damping, and its masses.
function [K, m] = chain(p)
  m = p.masses_kg(:);
  k = p.springs_N_per_m(:);
  n = numel(m);
  between = k(2:n);
  K = spdiags([-[between; 0], k(1:n) + k(2:n+1), -[0; between]], -1:1, n, n);
end
