## Displacements and support reactions; the fixed degrees of freedom stay at zero.
function [u, R] = solve_supported (K, F, fixed)
  free = setdiff ((1:rows (K))', fixed);
  Kff  = K(free,free);
  if (rcond (full (Kff)) < 1e-14)
    error ("truss:mechanism", "the truss is a mechanism: check bars and supports");
  endif
  u       = zeros (size (F));
  u(free) = Kff \ F(free);
  R       = zeros (size (F));
  R(fixed) = K(fixed,:) * u - F(fixed);
endfunction
