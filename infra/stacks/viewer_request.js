// Runs in CloudFront before a request goes to the API: says who the viewer is and under which name it called, takes one trailing slash off the path,
// and makes several leading ones one: a client that was given an address with a slash at its end asks for `//api/send`.
function handler(event) {
  var request = event.request;
  // Whatever the client wrote there is replaced.
  request.headers['x-viewer-ip'] = { value: event.viewer.ip };
  request.headers['x-viewer-host'] = { value: request.headers.host ? request.headers.host.value : '' };
  request.uri = request.uri.replace(/^\/+/, '/');
  if (request.uri.length > 1 && request.uri.charAt(request.uri.length - 1) === '/') {
    request.uri = request.uri.slice(0, -1);
  }
  return request;
}
