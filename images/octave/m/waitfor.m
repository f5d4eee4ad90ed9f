% Nobody can change a window.
function varargout = waitfor (varargin)
  __nobody__ ('a window is waited for', 'leave the call out');
endfunction
