function K = assemble_stiffness (mesh, E, A)
  n = 2 * rows (mesh.xy);
  m = rows (mesh.bars);
  I = J = V = zeros (16 * m, 1);
  for e = 1:m
    [L, c, s] = bar_geometry (mesh, e);
    t  = [-c, -s, c, s];
    Ke = E * A / L * (t' * t);
    d  = bar_dofs (mesh, e);
    k  = 16 * (e - 1) + (1:16);
    [jj, ii] = meshgrid (d, d);
    I(k) = ii(:);
    J(k) = jj(:);
    V(k) = Ke(:);
  endfor
  K = sparse (I, J, V, n, n);
endfunction
