% Nobody can choose.
function varargout = listdlg (varargin)
  __nobody__ ('a choice is asked for', 'put the value into params.json and read it: p = jsondecode (fileread ("params.json"))');
endfunction
