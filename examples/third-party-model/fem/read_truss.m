## Mesh from four tables; each has one line of headings.
function mesh = read_truss (folder)
  table = @(name) dlmread (fullfile (folder, name), ",", 1, 0);

  mesh.xy   = table ("nodes.csv");                       # x, y
  mesh.bars = table ("bars.csv");                        # node, node

  loads      = table ("loads.csv");                      # node, Fx, Fy
  mesh.loads = zeros (2 * rows (mesh.xy), 1);
  for i = 1:rows (loads)
    dof = 2 * loads(i,1) - [1, 0];
    mesh.loads(dof) += loads(i,2:3)';
  endfor

  supports   = table ("supports.csv");                   # node, direction (1 = x, 2 = y)
  mesh.fixed = 2 * supports(:,1) - 2 + supports(:,2);
endfunction
