% Nobody can be asked.
function varargout = inputdlg (varargin)
  __nobody__ ('an input is asked for', 'put the value into params.json and read it: p = jsondecode (fileread ("params.json"))');
endfunction
