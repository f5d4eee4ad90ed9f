% Of x = [T; dT/dk; dT/dTa] with dT/dt = -k (T - Ta): each sensitivity obeys the equation that the
% derivative of the right-hand side gives it (Hairer, Norsett & Wanner, Solving Ordinary Differential
% Equations I, 2nd ed. 1993, section I.14).
function dx = rates(x, p)
  k = p.k_per_s;
  dx = [-k * (x(1) - p.ambient_temperature_K)
        -k * x(2) - (x(1) - p.ambient_temperature_K)
        -k * x(3) + k];
end
