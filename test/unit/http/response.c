/* SPDX-License-Identifier: BSD-3-Clause */
/* Response heads: bytes and what they mean, whole, cut at every place, and byte by byte. */
#include "render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define OK "HTTP/1.1 200 OK\r\n"

static const struct vector responses[] = {
	V(OK "\r\n", "200 OK close eof"),
	V(OK "Content-Length: 5\r\n\r\nhello", "200 OK len=5 +5 | Content-Length=5"),
	V(OK "Content-Length: 0\r\n\r\n", "200 OK len=0 | Content-Length=0"),
	V(OK "Transfer-Encoding: chunked\r\n\r\n", "200 OK chunked | -Transfer-Encoding=chunked"),
	V(OK "Connection: close\r\nContent-Length: 1\r\n\r\n",
	  "200 OK close len=1 | -Connection=close | Content-Length=1"),
	V("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n",
	  "200 OK 1.0 close len=1 | Content-Length=1"),
	V("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n",
	  "200 OK 1.0 len=1 | -Connection=keep-alive | Content-Length=1"),
	V("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
	  "200 OK 1.0 close eof | -Connection=keep-alive"),
	V("HTTP/1.3 200 OK\r\nContent-Length: 1\r\n\r\n", "200 OK len=1 | Content-Length=1"),
	/* reasons */
	V("HTTP/1.1 404 Not\tFound \xff!\r\nContent-Length: 1\r\n\r\n",
	  "404 Not\tFound \xff! len=1 | Content-Length=1"),
	V("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n", "200  len=1 | Content-Length=1"),
	V("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n", "200  len=1 | Content-Length=1"),
	V("HTTP/1.1 599 \r\nContent-Length: 1\r\n\r\n", "599  len=1 | Content-Length=1"),
	/* no body by status; a length that does not hold is not passed on */
	V("HTTP/1.1 204 No Content\r\n\r\n", "204 No Content none"),
	V("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
	  "204 No Content none | -Content-Length=5"),
	V("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
	  "204 No Content none | -Transfer-Encoding=chunked"),
	V("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
	  "304 Not Modified none | Content-Length=5"),
	V("HTTP/1.1 304 Not Modified\r\n\r\n", "304 Not Modified none"),
	V("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "100 Continue none +17"),
	V("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", "103 Early Hints none | Link=a"),
	V("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n",
	  "100 Continue none | -Content-Length=5"),
	V("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
	  "101 Switching Protocols close tunnel | -Connection=upgrade | -Upgrade=websocket"),
	V("HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
	  "205 Reset Content len=0 | Content-Length=0"),
	/* chunked outranks a length, which is not passed on, and the connection is given up */
	V(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	  "200 OK close chunked | -Content-Length=5 | -Transfer-Encoding=chunked"),
	V(OK "Transfer-Encoding: Chunked\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
	  "200 OK close chunked | -Transfer-Encoding=Chunked | -Content-Length=5 | "
	  "-Connection=keep-alive"),
	/* hop-by-hop */
	V(OK "Connection: x-a, content-length, set-cookie\r\nX-A: 1\r\nContent-Length: 5\r\n"
	     "Set-Cookie: c\r\nSet-Cookie: d\r\nKeep-Alive: 5\r\n\r\n",
	  "200 OK len=5 | -Connection=x-a, content-length, set-cookie | -X-A=1 | Content-Length=5"
	  " | -Set-Cookie=c | -Set-Cookie=d | -Keep-Alive=5"),
	V(OK "Content-Length: 1\r\nProxy-Connection: close\r\nUpgrade: h2c\r\nTrailer: x\r\n\r\n",
	  "200 OK len=1 | Content-Length=1 | -Proxy-Connection=close | -Upgrade=h2c | Trailer=x"),
	/* not complete */
	V("", "more"),
	V("HTT", "more"),
	V("HTTP/1.1 20", "more"),
	V("HTTP/1.1 200 O", "more"),
	V(OK, "more"),
	V(OK "A: b\r\n\r", "more"),
	/* status line */
	V("\r\n" OK "\r\n", "400 BAD_VERSION"),
	V(" " OK "\r\n", "400 BAD_VERSION"),
	V("HTTP/2.0 200 OK\r\n\r\n", "505 UNSUPPORTED_VERSION"),
	V("HTTP/0.9 200 OK\r\n\r\n", "400 BAD_VERSION"),
	V("ICY 200 OK\r\n\r\n", "400 BAD_VERSION"),
	V("http/1.1 200 OK\r\n\r\n", "400 BAD_VERSION"),
	V("<html>", "400 BAD_VERSION"),
	V("HTTP/1.1  200 OK\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1\t200 OK\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1 20 OK\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1 2000 OK\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1 099 OK\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1 600 OK\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1 000 OK\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1 2x0 OK\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1 +20 OK\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1 200OK\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1 200\tOK\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1 \r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1\r\n\r\n", "502 BAD_STATUS"),
	V("HTTP/1.1 200 O\0K\r\n\r\n", "400 BAD_FIELD"),
	V("HTTP/1.1 200 O\x1bK\r\n\r\n", "400 BAD_FIELD"),
	V("HTTP/1.1 200 OK\n\r\n", "400 BAD_LINE_END"),
	V("HTTP/1.1 200 OK\rA: b\r\n\r\n", "400 BAD_LINE_END"),
	V("HTTP/1.1 200\n\r\n", "400 BAD_LINE_END"),
	/* fields and framing as strictly as in a request */
	V(OK " A: b\r\n\r\n", "400 BAD_FIELD"),
	V(OK "A: b\r\n c\r\n\r\n", "400 OBS_FOLD"),
	V(OK "A : b\r\n\r\n", "400 BAD_FIELD"),
	V(OK ": b\r\n\r\n", "400 BAD_FIELD"),
	V(OK "A: b\0\r\n\r\n", "400 BAD_FIELD"),
	V(OK "A: b\n\r\n", "400 BAD_LINE_END"),
	V(OK "A: b\r\n\n", "400 BAD_LINE_END"),
	V(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "400 BAD_LENGTH"),
	V(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "400 BAD_LENGTH"),
	V(OK "Content-Length: 5, 5\r\n\r\n", "400 BAD_LENGTH"),
	V(OK "Content-Length: -1\r\n\r\n", "400 BAD_LENGTH"),
	V(OK "Content-Length:\r\n\r\n", "400 BAD_LENGTH"),
	V(OK "Content-Length: 9223372036854775808\r\n\r\n", "400 BAD_LENGTH"),
	V(OK "Transfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n", "400 BAD_LENGTH"),
	V("HTTP/1.1 204 No Content\r\nContent-Length: x\r\n\r\n", "400 BAD_LENGTH"),
	V("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: a b\r\n\r\n", "400 BAD_TRANSFER_CODING"),
	V(OK "Transfer-Encoding: gzip, chunked\r\n\r\n", "501 UNKNOWN_TRANSFER_CODING"),
	V(OK "Transfer-Encoding: chunked, chunked\r\n\r\n", "400 BAD_TRANSFER_CODING"),
	V("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "400 BAD_TRANSFER_CODING"),
};

static const struct vector to_head[] = {
	V(OK "\r\n", "200 OK none"),
	V(OK "Content-Length: 5\r\n\r\n", "200 OK none | Content-Length=5"),
	V(OK "Transfer-Encoding: chunked\r\n\r\n", "200 OK none | -Transfer-Encoding=chunked"),
	V(OK "Content-Length: x\r\n\r\n", "400 BAD_LENGTH"),
	V("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\n",
	  "404 Not Found close none | Content-Length=9 | -Connection=close"),
	V("HTTP/1.1 101 Switching Protocols\r\n\r\n", "101 Switching Protocols close tunnel"),
};

static void check_cut(const struct vector *v, bool head, size_t first, size_t step)
{
	static struct sl_http_response res;
	static char text[RENDER_MAX];
	size_t seen = 0;

	for (size_t len = first;; len = SL_MIN(len + step, v->len)) {
		char *in = exact_copy(v->in, len);
		int verdict = sl_http_response_parse(&res, in, len, seen, head, NULL);

		if (verdict != SL_HTTP_MORE || len == v->len) {
			render_response(text, &res, verdict, v->len);
			assert_string_equal(text, v->out);
			free(in);
			return;
		}
		free(in);
		seen = len;
	}
}

static void check_all(const struct vector *v, size_t n, bool head)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t cut = 0; cut <= v[i].len; cut++)
			check_cut(&v[i], head, cut, v[i].len ? v[i].len : 1);
		check_cut(&v[i], head, 0, 1);
		check_cut(&v[i], head, 0, 7);
	}
}

static void test_responses(void **state)
{
	check_all(responses, SL_ARRAY_LEN(responses), false);
}

static void test_to_head(void **state)
{
	check_all(to_head, SL_ARRAY_LEN(to_head), true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_to_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
