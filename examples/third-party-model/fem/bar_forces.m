## Normal forces, tension positive.
function N = bar_forces (mesh, u, E, A)
  m = rows (mesh.bars);
  N = zeros (m, 1);
  for e = 1:m
    [L, c, s] = bar_geometry (mesh, e);
    N(e) = E * A / L * ([-c, -s, c, s] * u(bar_dofs (mesh, e)));
  endfor
endfunction
