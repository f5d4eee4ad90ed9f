## Length and direction cosines of bar number e.
function [L, c, s] = bar_geometry (mesh, e)
  d = diff (mesh.xy(mesh.bars(e,:),:));
  L = norm (d);
  c = d(1) / L;
  s = d(2) / L;
endfunction
