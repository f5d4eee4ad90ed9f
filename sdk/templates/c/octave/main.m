% The load at which a pinned column buckles: finite differences of E I w'''' = -P w'', against Euler.
p = jsondecode(fileread("params.json"));
n = p.nodes;
h = p.length_m / (n + 1);
bending = p.modulus_Pa * p.second_moment_m4;

% Pinned ends: w'' = 0 too, so that E I w'' = -P w holds at each inner node.
curvature = spdiags(ones(n, 1) * [-1, 2, -1], -1:1, n, n) / h ^ 2;
load_N = bending * min(eig(full(curvature)));
euler_N = pi ^ 2 * bending / p.length_m ^ 2;

f = fopen("result.json", "w");
fprintf(f, '{"critical_load_N": %.17g, "euler_load_N": %.17g, "relative_error": %.17g}', ...
        load_N, euler_N, abs(load_N - euler_N) / euler_N);
fclose(f);
