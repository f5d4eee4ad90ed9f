% Crank-Nicolson in time, second-order differences in space. The corners are inconsistent with the
% initial state, which Crank-Nicolson would carry on as an undamped oscillation: the first two steps
% are four implicit Euler steps of half the length (Rannacher 1984). All steps share one matrix.
function [x, y, T, history] = solve_plate(p)
  x = linspace(0, p.width_m, p.cells_x + 1)(2:end-1);
  y = linspace(0, p.height_m, p.cells_y + 1)(2:end-1);
  L = kron(speye(numel(y)), second_difference(numel(x), p.width_m / p.cells_x)) ...
    + kron(second_difference(numel(y), p.height_m / p.cells_y), speye(numel(x)));
  dt = p.time_s / p.steps;
  half = (0.5 * dt * p.diffusivity_m2_per_s) * L;
  forward = speye(rows(L)) + half;
  [R, flag, Q] = chol(speye(rows(L)) - half);
  if flag != 0
    error("the matrix of a step is not positive definite");
  end
  step = @(b) Q * (R \ (R' \ (Q' * b)));

  excess = p.initial_temperature_K - p.edge_temperature_K;
  u = excess * ones(rows(L), 1);
  middle = sub2ind([numel(x), numel(y)], (numel(x) + 1) / 2, (numel(y) + 1) / 2);
  centre = [u(middle); zeros(p.steps, 1)];
  for k = 1:p.steps
    if k <= 2
      u = step(step(u));
    else
      u = step(forward * u);
    end
    centre(k + 1) = u(middle);
  end
  T = p.edge_temperature_K + reshape(u, numel(x), numel(y));
  history = centre_history(p, dt, centre);
end

function D = second_difference(n, h)
  e = ones(n, 1) / h ^ 2;
  D = spdiags([e, -2 * e, e], -1:1, n, n);
end

function history = centre_history(p, dt, centre)
  t = (0:p.steps)' * dt;
  exact = p.initial_temperature_K * ones(size(t));
  for k = 2:numel(t)
    exact(k) = exact_temperature(p, p.width_m / 2, p.height_m / 2, t(k));
  end
  history = struct("t_s", t, "centre_K", p.edge_temperature_K + centre, "centre_analytic_K", exact);
end
