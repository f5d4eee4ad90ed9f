## Plane truss analysis
##
## Reads    params.json, data/nodes.csv, data/bars.csv, data/supports.csv, data/loads.csv
## Writes   result.json, displacements.csv, bar_forces.csv, deformed.png, forces.png
1;

here = fileparts (mfilename ("fullpath"));
if (isempty (here))
  here = pwd ();
endif
addpath (fullfile (here, "fem"), fullfile (here, "post"));

cfg  = jsondecode (fileread ("params.json"));
mesh = read_truss (fullfile (here, "data"));
printf ("%d nodes, %d bars\n", rows (mesh.xy), rows (mesh.bars));

K      = assemble_stiffness (mesh, cfg.youngs_modulus_Pa, cfg.area_m2);
F      = cfg.load_factor * mesh.loads;
[u, R] = solve_supported (K, F, mesh.fixed);
N      = bar_forces (mesh, u, cfg.youngs_modulus_Pa, cfg.area_m2);
stress = N / cfg.area_m2;

[deflection, worst] = max (abs (u(2:2:end)));
summary.nodes             = rows (mesh.xy);
summary.bars              = rows (mesh.bars);
summary.max_tension_N     = max (N);
summary.max_compression_N = -min (N);
summary.max_stress_Pa     = max (abs (stress));
summary.max_deflection_m  = deflection;
summary.max_deflection_at = worst;
summary.reactions_N       = R(mesh.fixed)';
summary.residual          = norm (K * u - F - R) / norm (F);
summary.safe              = all (abs (stress) < cfg.yield_strength_Pa);

write_tables (mesh, u, N, stress);
plot_deformed (mesh, u, cfg.plot_scale);
plot_forces (mesh, N);

fid = fopen ("result.json", "w");
fputs (fid, jsonencode (summary));
fclose (fid);
