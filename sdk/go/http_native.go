//go:build !wasip1

package millstream

// sendHTTP answers nothing natively: a plugin's tests hand it a function in the place of HTTP.
func sendHTTP(*HTTPRequest, httpURL) (HTTPResponse, *HTTPError) {
	return HTTPResponse{}, &HTTPError{"internal-error", "there is no host to send a request"}
}
