% Error after a step of the load in units of the start's; beyond the limit of sensitivity it rises steeply.
function cost = cost_of(p, c)
  loop = loop_of(p.plant, c);
  if ! loop.stable
    cost = 1e3;
    return;
  end
  excess = max(0, loop.sensitivity / p.sensitivity_limit - 1);
  cost = loop.load_error_s / p.load_error_s + 100 * excess;
end
