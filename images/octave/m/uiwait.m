% Nobody can close a window.
function varargout = uiwait (varargin)
  __nobody__ ('a window is waited for', 'leave the call out');
endfunction
