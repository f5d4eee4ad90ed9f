% The closed loop: responses to steps of the set point and of the load, and how far it is from instability.
function loop = loop_of(p, c)
  [plant_num, plant_den] = plant(p);
  [controller_num, controller_den] = controller(c);
  open_num = conv(plant_num, controller_num);
  open_den = conv(plant_den, controller_den);
  closed_den = open_den + [zeros(1, numel(open_den) - numel(open_num)), open_num];
  loop.stable = all(real(roots(closed_den)) < 0);
  if ! loop.stable
    return;
  end
  t = linspace(0, p.horizon_s, p.points)';
  loop.t_s = t;
  loop.set_point = step(tf(open_num, closed_den), t);
  loop.load = step(tf(conv(plant_num, controller_den), closed_den), t);
  loop.overshoot = max(0, max(loop.set_point) - 1);
  loop.settling_s = settling(t, loop.set_point);
  loop.load_area_s = trapz(t, loop.load);
  loop.load_error_s = trapz(t, abs(loop.load));
  loop.sensitivity = sensitivity(open_num, open_den, closed_den, p.lag_s);
  [loop.gain_margin, loop.phase_margin_deg] = margin(tf(open_num, open_den));
end

% When the response comes within 2 % for good.
function when = settling(t, y)
  outside = find(abs(y - 1) > 0.02, 1, "last");
  when = t(min(outside + 1, numel(t)));
end

% Largest gain of the sensitivity 1 / (1 + C G): the inverse of the distance from the point -1.
function peak = sensitivity(open_num, open_den, closed_den, lag_s)
  s = 1i * logspace(-3, 2, 2000) / lag_s;
  peak = max(abs(polyval(open_den, s) ./ polyval(closed_den, s)));
end
