% Nobody can be asked.
function varargout = yes_or_no (varargin)
  __nobody__ ('reading user-input failed', 'put the value into params.json and read it: p = jsondecode (fileread ("params.json"))');
endfunction
