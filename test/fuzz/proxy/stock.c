/* SPDX-License-Identifier: BSD-3-Clause */
/* The stock of messages; "%%%%" are four digits of a serial number. */
#include "stock.h"

#include <stdio.h>
#include <string.h>

#define HOST   "Host: a.test\r\n"
#define CHUNKS "Transfer-Encoding: chunked\r\n"

static const char *const requests[] = {
	"GET /two/%%%% HTTP/1.1\r\n" HOST "\r\n",
	"GET /turns/%%%%?q=%%%% HTTP/1.1\r\n" HOST "X-A: %%%%\r\n\r\n",
	"HEAD /two/%%%% HTTP/1.1\r\n" HOST "\r\n",
	"POST /two/%%%% HTTP/1.1\r\n" HOST "Content-Length: 8\r\n\r\n%%%%body",
	"POST /%%%% HTTP/1.1\r\n" HOST CHUNKS "TE: trailers\r\nTrailer: T\r\n\r\n4;x=y\r\n%%%%\r\n"
	"2\r\nab\r\n0\r\nT: %%%%\r\nHost: b.test\r\nContent-Length: 9\r\nT: v\r\n\r\n",
	"PUT /once/%%%% HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\n" HOST "Max-Forwards: 3\r\n\r\n",
	"GET /rw/%%%%/../x%2e.y?z HTTP/1.1\r\n" HOST "Accept: a\r\naccept: b\r\n\r\n",
	"GET /direct HTTP/1.1\r\n" HOST "\r\n",
	"GET /redir/%%%% HTTP/1.1\r\n" HOST "\r\n",
	"GET /slow/%%%% HTTP/1.1\r\n" HOST "Cookie: a=%%%%\r\n\r\n",
	"GET /two/%%%% HTTP/1.0\r\n" HOST "\r\n",
	"GET /two/%%%% HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n",
	"GET /two/%%%% HTTP/1.1\r\n" HOST "Connection: close, X-Gone\r\nX-Gone: 1\r\n\r\n",
	"GET /two/%%%% HTTP/1.1\r\n" HOST
	"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: %%%%\r\n\r\n",
	"tunnel%%%%",
	"GET http://a.test/two/%%%% HTTP/1.1\r\nHost: other\r\n\r\n",
	"POST /two/%%%% HTTP/1.1\r\n" HOST "Content-Length: 40\r\n\r\n"
	"GET /rw/%%%% HTTP/1.1\r\nHost: a.test\r\n\r\n",
	"POST /two/%%%% HTTP/1.1\r\n" HOST "Content-Length: 4\r\n" CHUNKS
	"\r\n0\r\n\r\nGET /two/%%%% HTTP/1.1\r\n" HOST "\r\n",
	"POST /two/%%%% HTTP/1.1\r\n" HOST "Content-Length: 4\r\nContent-Length: 5\r\n\r\n%%%%x",
	"POST /two/%%%% HTTP/1.1\r\n" HOST
	"Transfer-Encoding: xchunked\r\n\r\n4\r\n%%%%\r\n0\r\n\r\n",
	"POST /two/%%%% HTTP/1.1\r\n" HOST
	"Connection: Content-Length\r\nContent-Length: 4\r\n\r\n%%%%",
	"GET /two/%%%% HTTP/1.1\r\n" HOST "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: a, b\r\n"
	"X-Envoy-Retry-On: 5xx\r\nX-Request-Id: mine\r\nTE: trailers\r\n\r\n",
	"GET /two/%%%% HTTP/1.1\r\n" HOST "\r\nGET /turns/%%%% HTTP/1.1\r\n" HOST
	"\r\nHEAD /once/%%%% HTTP/1.1\r\n" HOST "\r\n",
	"4\r\n%%%%\r\n",
	"0\r\n\r\n",
	"%%%%",
	"GET /mirrored/%%%% HTTP/1.1\r\nHost: a.test:80\r\n\r\n",
	"POST /mirrored/%%%% HTTP/1.1\r\n" HOST "Content-Length: 8\r\n\r\n%%%%body",
	"PUT /mirrored/%%%% HTTP/1.1\r\n" HOST CHUNKS "\r\n4\r\n%%%%\r\n2\r\nab\r\n0\r\n\r\n",
	"PUT /mirrored/%%%% HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n",
};

static const char *const answers[] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nok%%%%",
	"HTTP/1.1 200 OK\r\n" CHUNKS
	"Trailer: T\r\n\r\n6\r\nch%%%%\r\n0\r\nT: %%%%\r\nSet-Cookie: a=b\r\n\r\n",
	"HTTP/1.1 200 OK\r\n\r\nuntil%%%%",
	"HTTP/1.1 204 No Content\r\nX-N: %%%%\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\nETag: \"%%%%\"\r\nContent-Length: 9\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\n",
	"HTTP/1.1 103 Early Hints\r\nLink: %%%%\r\n\r\n",
	"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nhi%%%%",
	"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\n%%%%",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	"HTTP/1.0 200 OK\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\n%%%%",
	"HTTP/1.0 200 OK\r\n\r\n%%%%",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" CHUNKS "\r\n4\r\n%%%%\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nok%%%%HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
	"\r\nevil",
	"HTTP/1.1 200 OK\r\nContent-Length: 600\r\nDate: d\r\nServer: s\r\n\r\npart%%%%",
	"HTTP/1.1 200 OK\r\nSet-Cookie: a=%%%%\r\nSet-Cookie: b\r\n" CHUNKS "\r\n5\r\nh%%%%\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
	"4;e\r\n%%%%\r\n",
	"0\r\n\r\n",
	"%%%%more",
};

size_t stock_message(bool answer, unsigned int which, unsigned int serial, char *out)
{
	size_t all =
		answer ? sizeof(answers) / sizeof(*answers) : sizeof(requests) / sizeof(*requests);
	const char *text = answer ? answers[which % all] : requests[which % all];
	size_t n = strlen(text);
	char digits[16];

	snprintf(digits, sizeof(digits), "%04u", serial % 10000);
	memcpy(out, text, n);
	for (size_t i = 0; i + 4 <= n; i++)
		if (memcmp(out + i, "%%%%", 4) == 0)
			memcpy(out + i, digits, 4);
	return n;
}
