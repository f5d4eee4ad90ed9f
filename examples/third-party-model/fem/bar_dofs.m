## Degrees of freedom of bar number e: ux1 uy1 ux2 uy2.
function dofs = bar_dofs (mesh, e)
  n = mesh.bars(e,:);
  dofs = [2*n(1)-1, 2*n(1), 2*n(2)-1, 2*n(2)];
endfunction
