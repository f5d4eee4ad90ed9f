% Samples of the tip deflection of a cantilever: F L^3 / (3 E I) with I = b h^3 / 12.
p = jsondecode(fileread("params.json"));
printf("part %d of %d: %d samples\n", p.part, p.parts, p.samples);
fflush(stdout);
pause(p.pause_s);

% A generator of its own for each part: none starts with another's state.
randn("twister", p.seed);
force = lognormal(p.force_N, p.samples);
modulus = lognormal(p.modulus_Pa, p.samples);
width = lognormal(p.width_m, p.samples);
height = lognormal(p.height_m, p.samples);
span = lognormal(p.length_m, p.samples);

second_moment = width .* height .^ 3 / 12;
deflection = force .* span .^ 3 ./ (3 * modulus .* second_moment);

f = fopen("samples.csv", "w");
fputs(f, "deflection_m\n");
fprintf(f, "%.17g\n", deflection);
fclose(f);
write_json("result.json", struct("count", numel(deflection), "sum_m", sum(deflection)));
