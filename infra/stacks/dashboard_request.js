// Runs in CloudFront before a request goes to the dashboard's bucket: the page itself stands under its folder.
function handler(event) {
  var request = event.request;
  if (request.uri === '/') {
    request.uri = '/index.html';
  }
  return request;
}
