/* SPDX-License-Identifier: BSD-3-Clause */
/* Request heads: bytes and what they mean, whole, cut at every place, and byte by byte. */
#include "render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define H  "Host: h\r\n"
#define HF " | Host=h"
#define L  "GET / HTTP/1.1\r\n"
#define G  L H

static const struct vector good[] = {
	V(G "\r\n", "GET / auth=h" HF),
	V("GET /a/b?c=d&e=/?f HTTP/1.1\r\n" H "\r\n",
	  "GET /a/b?c=d&e=/?f path=/a/b query=?c=d&e=/?f auth=h" HF),
	V("GET /? HTTP/1.1\r\n" H "\r\n", "GET /? path=/ query=? auth=h" HF),
	V("GET //a//b HTTP/1.1\r\n" H "\r\n", "GET //a//b auth=h" HF),
	V("GET /%2F%00%zz\\..\"<>{|}^` HTTP/1.1\r\n" H "\r\n",
	  "GET /%2F%00%zz\\..\"<>{|}^` auth=h" HF),
	V("GET /0123456789abcdefghijklmnopqrstuvwxyz?0123456789abcdefghi?jkl HTTP/1.1\r\n" H "\r\n",
	  "GET /0123456789abcdefghijklmnopqrstuvwxyz?0123456789abcdefghi?jkl "
	  "path=/0123456789abcdefghijklmnopqrstuvwxyz query=?0123456789abcdefghi?jkl auth=h" HF),
	V("M!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\n" H "\r\n", "M!#$%&'*+-.^_`|~09azAZ / auth=h" HF),
	V("get / HTTP/1.1\r\n" H "\r\n", "get / auth=h" HF),
	V("abcdefghijklmnopqrstuvwxyzABCDEF / HTTP/1.1\r\n" H "\r\n",
	  "abcdefghijklmnopqrstuvwxyzABCDEF / auth=h" HF),
	V(G "\r\nGET /next HTTP/1.1\r\n", "GET / auth=h +20" HF),
	/* empty lines before the request line */
	V("\r\n" G "\r\n", "GET / auth=h" HF),
	V("\r\n\r\n\r\n\r\n" G "\r\n", "GET / auth=h" HF),
	/* versions */
	V("GET / HTTP/1.0\r\n\r\n", "GET / 1.0 close"),
	V("GET / HTTP/1.0\r\n" H "\r\n", "GET / auth=h 1.0 close" HF),
	V("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / 1.0 | -Connection=keep-alive"),
	V("GET / HTTP/1.0\r\nConnection: Keep-Alive, close\r\n\r\n",
	  "GET / 1.0 close | -Connection=Keep-Alive, close"),
	V("GET / HTTP/1.7\r\n" H "\r\n", "GET / auth=h" HF),
	/* targets */
	V("OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS * auth=h" HF),
	V("GET http://a.b/c?d HTTP/1.1\r\n" H "\r\n",
	  "GET http://a.b/c?d path=/c query=?d auth=a.b" HF),
	V("GET HTTP://A:8080/ HTTP/1.1\r\n" H "\r\n",
	  "GET HTTP://A:8080/ path=/ auth=A:8080 host=A" HF),
	V("GET http://a HTTP/1.1\r\n" H "\r\n", "GET http://a path=/ auth=a" HF),
	V("GET http://a?q/r HTTP/1.1\r\n" H "\r\n", "GET http://a?q/r path=/ query=?q/r auth=a" HF),
	V("OPTIONS http://a HTTP/1.1\r\n" H "\r\n", "OPTIONS http://a path=* auth=a" HF),
	V("OPTIONS http://a?q HTTP/1.1\r\n" H "\r\n",
	  "OPTIONS http://a?q path=/ query=?q auth=a" HF),
	V("GET http://a/b HTTP/1.0\r\n\r\n", "GET http://a/b path=/b auth=a 1.0 close"),
	/* Host */
	V(L "hOST:h\r\n\r\n", "GET / auth=h | hOST=h"),
	V(L "Host: \t A-b_c.Example.:65535 \t\r\n\r\n",
	  "GET / auth=A-b_c.Example.:65535 host=A-b_c.Example. | Host=A-b_c.Example.:65535"),
	V(L "Host: 10.0.0.1:31373\r\n\r\n",
	  "GET / auth=10.0.0.1:31373 host=10.0.0.1 | Host=10.0.0.1:31373"),
	V(L "Host: [::1]\r\n\r\n", "GET / auth=[::1] | Host=[::1]"),
	V(L "Host: [2001:DB8:0:1:2:3:4:5]:80\r\n\r\n",
	  "GET / auth=[2001:DB8:0:1:2:3:4:5]:80 host=[2001:DB8:0:1:2:3:4:5] | "
	  "Host=[2001:DB8:0:1:2:3:4:5]:80"),
	V(L "Host: [::ffff:10.0.0.255]\r\n\r\n",
	  "GET / auth=[::ffff:10.0.0.255] | Host=[::ffff:10.0.0.255]"),
	V(L "Host: [1::]\r\n\r\n", "GET / auth=[1::] | Host=[1::]"),
	/* fields: trimmed, empty, obs-text and HTAB kept, order and case kept */
	V(G "A:\r\nB: \t \r\nC:c\r\nD: \t d e\tf \t\r\nc: \x80\xff\r\n\r\n",
	  "GET / auth=h" HF " | A= | B= | C=c | D=d e\tf | c=\x80\xff"),
	V(G "X: 0123456789abcde\tf0123456789abcdef\r\nY: a:b::\r\nZ: \"q\"\r\n\r\n",
	  "GET / auth=h" HF " | X=0123456789abcde\tf0123456789abcdef | Y=a:b:: | Z=\"q\""),
	V(G "Content_Length: 5\r\nTransfer_Encoding: chunked\r\n\r\n",
	  "GET / auth=h" HF " | Content_Length=5 | Transfer_Encoding=chunked"),
	V(G "Set-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
	  "GET / auth=h" HF " | Set-Cookie=a | Set-Cookie=b"),
	/* framing */
	V("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello",
	  "POST / auth=h len=5 +5" HF " | Content-Length=5"),
	V(G "content-LENGTH:\t0\t\r\n\r\n", "GET / auth=h len=0" HF " | content-LENGTH=0"),
	V(G "Content-Length: 00000000000000000000005\r\n\r\n",
	  "GET / auth=h len=5" HF " | Content-Length=00000000000000000000005"),
	V(G "Content-Length: 9223372036854775807\r\n\r\n",
	  "GET / auth=h len=9223372036854775807" HF " | Content-Length=9223372036854775807"),
	V(G "Transfer-Encoding: chunked\r\n\r\n",
	  "GET / auth=h chunked" HF " | -Transfer-Encoding=chunked"),
	V(G "TRANSFER-ENCODING: \t CHUNKED \r\n\r\n",
	  "GET / auth=h chunked" HF " | -TRANSFER-ENCODING=CHUNKED"),
	/* Connection, hop-by-hop fields */
	V(G "Connection: close\r\n\r\n", "GET / auth=h close" HF " | -Connection=close"),
	V(G "Connection: keep-alive\r\n\r\n", "GET / auth=h" HF " | -Connection=keep-alive"),
	V(G "Connection: CLOSE , Keep-Alive\r\n\r\n",
	  "GET / auth=h close" HF " | -Connection=CLOSE , Keep-Alive"),
	V(G "Connection: a\r\nConnection: close\r\nA: 1\r\n\r\n",
	  "GET / auth=h close" HF " | -Connection=a | -Connection=close | -A=1"),
	V(G "Connection:\r\nConnection: ,, ,\r\n\r\n",
	  "GET / auth=h" HF " | -Connection= | -Connection=,, ,"),
	V(G "X-A: 1\r\nConnection: x-a,\tX-B,close\r\nx-a: 2\r\nX-b: 3\r\nX-C: 4\r\n\r\n",
	  "GET / auth=h close" HF
	  " | -X-A=1 | -Connection=x-a,\tX-B,close | -x-a=2 | -X-b=3 | X-C=4"),
	V(G "Connection: user-agent\r\nUser-Agent: u\r\nDate: d\r\n\r\n",
	  "GET / auth=h" HF " | -Connection=user-agent | -User-Agent=u | Date=d"),
	V(G "Connection: closed, clo, closer\r\n\r\n",
	  "GET / auth=h" HF " | -Connection=closed, clo, closer"),
	V(G "Proxy-Connection: close\r\nKeep-Alive: 5\r\nHTTP2-Settings: AAAA\r\n\r\n",
	  "GET / auth=h" HF " | -Proxy-Connection=close | -Keep-Alive=5 | -HTTP2-Settings=AAAA"),
	V(G "TE: trailers\r\n\r\n", "GET / auth=h" HF " | TE=trailers"),
	V(G "TE: Trailers\r\nConnection: TE\r\n\r\n",
	  "GET / auth=h" HF " | TE=Trailers | -Connection=TE"),
	V(G "TE: gzip, trailers\r\nTrailer: a\r\n\r\n",
	  "GET / auth=h" HF " | -TE=gzip, trailers | Trailer=a"),
	/* A sender can not nominate framing, Host and the gateway's own fields away. */
	V(G "Connection: content-length\r\nContent-Length: 5\r\n\r\n",
	  "GET / auth=h len=5" HF " | -Connection=content-length | Content-Length=5"),
	V(G "Connection: host, transfer-encoding, X-Forwarded-For, x-forwarded-proto\r\n"
	    "X-Forwarded-For: a\r\nX-Forwarded-Proto: b\r\n\r\n",
	  "GET / auth=h" HF
	  " | -Connection=host, transfer-encoding, X-Forwarded-For, x-forwarded-proto"
	  " | X-Forwarded-For=a | X-Forwarded-Proto=b"),
	V(G "Connection: x-forwarded-host, x-request-id, x-envoy-a, x-forwarded\r\n"
	    "X-Forwarded-Host: a\r\nX-Request-Id: b\r\nX-Envoy-A: c\r\nX-Forwarded: d\r\n\r\n",
	  "GET / auth=h" HF " | -Connection=x-forwarded-host, x-request-id, x-envoy-a, x-forwarded"
	  " | X-Forwarded-Host=a | X-Request-Id=b | X-Envoy-A=c | -X-Forwarded=d"),
	/* upgrade, expectations */
	V(G "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	  "GET / auth=h upgrade" HF " | -Connection=Upgrade | -Upgrade=websocket"),
	V(G "Upgrade: websocket\r\n\r\n", "GET / auth=h" HF " | -Upgrade=websocket"),
	V(G "Connection: upgrade\r\n\r\n", "GET / auth=h" HF " | -Connection=upgrade"),
	V("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: a\r\nExpect: 100-continue\r\n\r\n",
	  "GET / 1.0 close | -Connection=upgrade | -Upgrade=a | Expect=100-continue"),
	V(G "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
	  "GET / auth=h expect len=1" HF " | Expect=100-Continue | Content-Length=1"),
	V(G "Expect: 100-continue-x\r\nExpect : a\r\n\r\n", "400 BAD_FIELD"),
	V(G "Expect: y 100-continue\r\n\r\n", "GET / auth=h" HF " | Expect=y 100-continue"),
	/* not complete */
	V("", "more"),
	V("\r", "more"),
	V("\r\n", "more"),
	V("GET", "more"),
	V("GET /", "more"),
	V("GET / HTTP/1.", "more"),
	V("GET / HTTP/1.1\r", "more"),
	V(G, "more"),
	V(G "A", "more"),
	V(G "A: b", "more"),
	V(G "A: b\r\n\r", "more"),
};

static const struct vector bad[] = {
	/* line ends, empty lines */
	V("\n" G "\r\n", "400 BAD_LINE_END"),
	V("\r\n\r\n\r\n\r\n\r\n" G "\r\n", "400 BAD_METHOD"),
	V("\rGET / HTTP/1.1\r\n" H "\r\n", "400 BAD_LINE_END"),
	V("GET / HTTP/1.1\n" H "\r\n", "400 BAD_LINE_END"),
	V("GET / HTTP/1.1\rHost: h\r\n\r\n", "400 BAD_LINE_END"),
	V("GET / HTTP/1.1\r\r\n" H "\r\n", "400 BAD_LINE_END"),
	V(G "A: b\n\r\n", "400 BAD_LINE_END"),
	V(G "A: b\rc\r\n\r\n", "400 BAD_LINE_END"),
	V(G "A: b\r\rc\r\n\r\n", "400 BAD_LINE_END"),
	V(G "\n", "400 BAD_LINE_END"),
	V(G "\r\r\n", "400 BAD_LINE_END"),
	V(G "A\n: b\r\n\r\n", "400 BAD_LINE_END"),
	/* method */
	V(" GET / HTTP/1.1\r\n" H "\r\n", "400 BAD_METHOD"),
	V("\tGET / HTTP/1.1\r\n" H "\r\n", "400 BAD_METHOD"),
	V("G@T / HTTP/1.1\r\n" H "\r\n", "400 BAD_METHOD"),
	V("G\x80T / HTTP/1.1\r\n" H "\r\n", "400 BAD_METHOD"),
	V("GET\t/ HTTP/1.1\r\n" H "\r\n", "400 BAD_METHOD"),
	V("GET\r\n", "400 BAD_METHOD"),
	V("GET\0 / HTTP/1.1\r\n", "400 BAD_METHOD"),
	V("abcdefghijklmnopqrstuvwxyzABCDEFG / HTTP/1.1\r\n" H "\r\n", "400 BAD_METHOD"),
	V("CONNECT h:80 HTTP/1.1\r\n" H "\r\n", "405 CONNECT"),
	V("TRACE / HTTP/1.1\r\n" H "\r\n", "405 TRACE"),
	V("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 HTTP2_PREFACE"),
	V("\x16\x03\x01\x02", "400 BAD_METHOD"),
	/* target */
	V("GET  / HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET \t/ HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET /\tHTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET /a b HTTP/1.1\r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET / a HTTP/1.1\r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET /a#b HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET /a?b#c HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET /\x7f HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET /\x80 HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET /0123456789abcdef0123\x01 HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET /\0 HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET /?\0 HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET a HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET ?a HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET * HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("OPTIONS *? HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET h:80 HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET https://h/ HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET ftp://h/ HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET http:/h/ HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET http:// HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET http:///a HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET http://?a HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET http://u@h/ HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET http://u:p@h/ HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET http://h:/ HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET http://h\\@a/ HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET http://a,b/ HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
	V("GET \r\n", "400 BAD_TARGET"),
	/* version */
	V("GET /\r\n", "400 BAD_VERSION"),
	V("GET /\n", "400 BAD_LINE_END"),
	V("GET / \r\n", "400 BAD_VERSION"),
	V("GET / http/1.1\r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET / HTTP/11\r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET / HTTP/1,1\r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET / HTTP/1.10\r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET / HTTP/01.1\r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET / HTTP/1.\r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET / HTTP/+1.1\r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET / HTTP/1.x\r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET / HTTP/1.1 \r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET / HTTP/1.1\t\r\n" H "\r\n", "400 BAD_VERSION"),
	V("GET / HTTP/0.9\r\n\r\n", "400 BAD_VERSION"),
	V("GET / HTTP/2.0\r\n" H "\r\n", "505 UNSUPPORTED_VERSION"),
	V("GET / HTTP/9.1\r\n" H "\r\n", "505 UNSUPPORTED_VERSION"),
	/* Host */
	V("GET / HTTP/1.1\r\n\r\n", "400 MISSING_HOST"),
	V("GET http://h/ HTTP/1.1\r\n\r\n", "400 MISSING_HOST"),
	V(G H "\r\n", "400 BAD_HOST"),
	V(G "A: b\r\nhost: h\r\n\r\n", "400 BAD_HOST"),
	V("GET / HTTP/1.0\r\n" H H "\r\n", "400 BAD_HOST"),
	V("GET http://h/ HTTP/1.1\r\nHost: a b\r\n\r\n", "400 BAD_HOST"),
	V(L "Host:\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: a,b\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: a b\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: a\tb\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: a@b\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: a/b\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: a#b\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: a?b\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: a\\b\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: a%2eb\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: \xe9\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: http://a\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: :80\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: h:\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: h:0\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: h:65536\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: h:000080\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: h:8x\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: h:-1\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: h:80:80\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: ::1\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [::1\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [::1]x\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [::1]:\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: []\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [:]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [1:2]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [1::2::3]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [:::]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [::12345]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [1:2:3:4:5:6:7:8:9]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [1:2:3:4:5:6:7:8::]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [1:2:3:4:5:6:7:]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [::1.2.3]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [::1.2.3.256]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [::01.2.3.4]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [fe80::1%25eth0]\r\n\r\n", "400 BAD_HOST"),
	V(L "Host: [v1.a]\r\n\r\n", "400 BAD_HOST"),
	/* fields */
	V(L " Host: h\r\n\r\n", "400 BAD_FIELD"),
	V(L "\tHost: h\r\n\r\n", "400 BAD_FIELD"),
	V(G " folded\r\n\r\n", "400 OBS_FOLD"),
	V(G "A: b\r\n\tc\r\n\r\n", "400 OBS_FOLD"),
	V(G "A: b\r\n \r\n\r\n", "400 OBS_FOLD"),
	V(G "A : b\r\n\r\n", "400 BAD_FIELD"),
	V(G "A\t: b\r\n\r\n", "400 BAD_FIELD"),
	V(G "A b: c\r\n\r\n", "400 BAD_FIELD"),
	V(G ": b\r\n\r\n", "400 BAD_FIELD"),
	V(G ":\r\n\r\n", "400 BAD_FIELD"),
	V(G "A\r\n\r\n", "400 BAD_FIELD"),
	V(G "A\0: b\r\n\r\n", "400 BAD_FIELD"),
	V(G "\0A: b\r\n\r\n", "400 BAD_FIELD"),
	V(G "A\x80: b\r\n\r\n", "400 BAD_FIELD"),
	V(G "A\": b\r\n\r\n", "400 BAD_FIELD"),
	V(G "A(: b\r\n\r\n", "400 BAD_FIELD"),
	V(G "A: b\0\r\n\r\n", "400 BAD_FIELD"),
	V(G "A: \0\r\n\r\n", "400 BAD_FIELD"),
	V(G "A: 0123456789abcdef0123\0cdef0123\r\n\r\n", "400 BAD_FIELD"),
	V(G "A: b\x01\r\n\r\n", "400 BAD_FIELD"),
	V(G "A: b\x0b\r\n\r\n", "400 BAD_FIELD"),
	V(G "A: b\x1f\r\n\r\n", "400 BAD_FIELD"),
	V(G "A: b\x7f\r\n\r\n", "400 BAD_FIELD"),
	V(G "A: \x7f"
	    "0123456789abcdef\r\n\r\n",
	  "400 BAD_FIELD"),
	/* Content-Length */
	V(G "Content-Length:\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: \r\nContent-Length: 5\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: 5\r\ncontent-length: 6\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: 5, 5\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: 5,\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: +5\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: -5\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: 5 5\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: 0x5\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: 5.0\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: 1e1\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: \"5\"\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: \xb2\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: 9223372036854775808\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: 18446744073709551616\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length: 18446744073709551621\r\n\r\n", "400 BAD_LENGTH"),
	V(G "Content-Length : 5\r\n\r\n", "400 BAD_FIELD"),
	/* Transfer-Encoding */
	V(G "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "400 LENGTH_AND_CHUNKED"),
	V(G "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "400 LENGTH_AND_CHUNKED"),
	V(G "Transfer-Encoding: x\r\nContent-Length: 5\r\n\r\n", "400 LENGTH_AND_CHUNKED"),
	V("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding:\r\n\r\n", "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding: chunked, chunked\r\n\r\n", "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	  "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
	  "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding: chunked, identity\r\n\r\n", "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding: chunked,\r\n\r\n", "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding: ,chunked\r\n\r\n", "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding: chunked;a=b\r\n\r\n", "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding: \"chunked\"\r\n\r\n", "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding: chunked x\r\n\r\n", "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding: \xa0"
	    "chunked\r\n\r\n",
	  "400 BAD_TRANSFER_CODING"),
	V(G "Transfer-Encoding: \x0b"
	    "chunked\r\n\r\n",
	  "400 BAD_FIELD"),
	V(G "Transfer-Encoding: \x0c"
	    "chunked\r\n\r\n",
	  "400 BAD_FIELD"),
	V(G "Transfer-Encoding: chunked\0\r\n\r\n", "400 BAD_FIELD"),
	V(G "Transfer-Encoding: identity\r\n\r\n", "501 UNKNOWN_TRANSFER_CODING"),
	V(G "Transfer-Encoding: gzip\r\n\r\n", "501 UNKNOWN_TRANSFER_CODING"),
	V(G "Transfer-Encoding: xchunked\r\n\r\n", "501 UNKNOWN_TRANSFER_CODING"),
	V(G "Transfer-Encoding: gzip, chunked\r\n\r\n", "501 UNKNOWN_TRANSFER_CODING"),
	V(G "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
	  "501 UNKNOWN_TRANSFER_CODING"),
	V(G "Transfer-Encoding:\r\n chunked\r\n\r\n", "400 OBS_FOLD"),
	V(G "Transfer-Encoding : chunked\r\n\r\n", "400 BAD_FIELD"),
};

static void check_whole(const struct vector *v)
{
	static struct sl_http_request req;
	static char text[RENDER_MAX];
	char *in = exact_copy(v->in, v->len);
	int verdict = sl_http_request_parse(&req, in, v->len, 0, NULL);

	render_request(text, &req, verdict, v->len);
	assert_string_equal(text, v->out);
	free(in);
}

/* Feeds growing prefixes of the lengths given, each in a buffer of its own; the parse that decides
 * must say what the whole buffer says. */
static void check_cut(const struct vector *v, size_t first, size_t step)
{
	static struct sl_http_request req;
	static char text[RENDER_MAX];
	size_t seen = 0;

	for (size_t len = first;; len = SL_MIN(len + step, v->len)) {
		char *in = exact_copy(v->in, len);
		int verdict = sl_http_request_parse(&req, in, len, seen, NULL);

		if (verdict != SL_HTTP_MORE || len == v->len) {
			render_request(text, &req, verdict, v->len);
			assert_string_equal(text, v->out);
			free(in);
			return;
		}
		assert_int_equal(req.error, SL_HTTP_E_NONE);
		free(in);
		seen = len;
	}
}

static void check_all(const struct vector *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check_whole(&v[i]);
		for (size_t cut = 0; cut < v[i].len; cut++)
			check_cut(&v[i], cut, v[i].len);
		check_cut(&v[i], 0, 1);
		check_cut(&v[i], 0, 7);
	}
}

static void test_good(void **state)
{
	check_all(good, SL_ARRAY_LEN(good));
}

static void test_bad(void **state)
{
	check_all(bad, SL_ARRAY_LEN(bad));
}

static void same_span(struct sl_str a, struct sl_str b)
{
	assert_int_equal(a.n, b.n);
	assert_ptr_equal(a.p, b.p);
}

static void same_request(const struct sl_http_request *a, const struct sl_http_request *b)
{
	same_span(a->method, b->method);
	same_span(a->target, b->target);
	same_span(a->path, b->path);
	same_span(a->query, b->query);
	same_span(a->authority, b->authority);
	same_span(a->host, b->host);
	assert_int_equal(a->n_fields, b->n_fields);
	for (uint16_t i = 0; i < a->n_fields; i++) {
		same_span(a->field[i].name, b->field[i].name);
		same_span(a->field[i].value, b->field[i].value);
		assert_int_equal(a->field[i].known, b->field[i].known);
	}
}

/* Spans of a head parsed in pieces are those of a head parsed at once. */
static void test_same_spans(void **state)
{
	static struct sl_http_request a, b;

	for (size_t i = 0; i < SL_ARRAY_LEN(good); i++) {
		const struct vector *v = &good[i];

		if (sl_http_request_parse(&a, v->in, v->len, 0, NULL) <= 0)
			continue;
		for (size_t seen = 1; seen < v->len; seen++) {
			memset(&b, 0x55, sizeof(b));
			if (sl_http_request_parse(&b, v->in, seen, 0, NULL) != SL_HTTP_MORE)
				break;
			assert_int_equal(sl_http_request_parse(&b, v->in, v->len, seen, NULL),
					 sl_http_request_parse(&a, v->in, v->len, 0, NULL));
			same_request(&a, &b);
		}
	}
}

static void test_connect_trace_allowed(void **state)
{
	static const struct vector allowed[] = {
		V("CONNECT h:80 HTTP/1.1\r\n" H "\r\n", "CONNECT h:80 path= auth=h:80 host=h" HF),
		V("CONNECT h HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
		V("CONNECT /a HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
		V("CONNECT h:80?a HTTP/1.1\r\n" H "\r\n", "400 BAD_TARGET"),
		V("TRACE /a HTTP/1.1\r\n" H "\r\n", "TRACE /a auth=h" HF),
	};
	const struct sl_http_limits limits = {.allow_connect_trace = true};
	static struct sl_http_request req;
	static char text[RENDER_MAX];

	for (size_t i = 0; i < SL_ARRAY_LEN(allowed); i++) {
		render_request(
			text, &req,
			sl_http_request_parse(&req, allowed[i].in, allowed[i].len, 0, &limits),
			allowed[i].len);
		assert_string_equal(text, allowed[i].out);
	}
}

/* Each known name is recognised in any case; its neighbours are not. */
static void test_known(void **state)
{
	static const struct {
		const char *name;
		uint8_t known;
	} names[] = {
		{"hOst", SL_HTTP_F_HOST},
		{"cOnnection", SL_HTTP_F_CONNECTION},
		{"keep-alivE", SL_HTTP_F_KEEP_ALIVE},
		{"Proxy-Connection", SL_HTTP_F_PROXY_CONNECTION},
		{"tE", SL_HTTP_F_TE},
		{"TRAILER", SL_HTTP_F_TRAILER},
		{"TRANSFER-encoding", SL_HTTP_F_TRANSFER_ENCODING},
		{"cONTENT-lENGTH", SL_HTTP_F_CONTENT_LENGTH},
		{"Upgrade", SL_HTTP_F_UPGRADE},
		{"HTTP2-settings", SL_HTTP_F_HTTP2_SETTINGS},
		{"eXpecT", SL_HTTP_F_EXPECT},
		{"Date", SL_HTTP_F_DATE},
		{"Server", SL_HTTP_F_SERVER},
		{"User-Agent", SL_HTTP_F_USER_AGENT},
		{"X-FORWARDED-FOR", SL_HTTP_F_X_FORWARDED_FOR},
		{"x-forwarded-protO", SL_HTTP_F_X_FORWARDED_PROTO},
		{"x-Request-Id", SL_HTTP_F_X_REQUEST_ID},
		{"X-ENVOY-attempt-count", SL_HTTP_F_X_ENVOY},
		{"x-envoy-a", SL_HTTP_F_X_ENVOY},
		{"x-envoy-", SL_HTTP_F_OTHER},
		{"x-envoy", SL_HTTP_F_OTHER},
		{"xyenvoy-a", SL_HTTP_F_OTHER},
		{"content_length", SL_HTTP_F_OTHER},
		{"content-lengtg", SL_HTTP_F_OTHER},
		{"content-length-", SL_HTTP_F_OTHER},
		{"hosts", SL_HTTP_F_OTHER},
		{"hosu", SL_HTTP_F_OTHER},
		{"a", SL_HTTP_F_OTHER},
	};
	static struct sl_http_request req;

	for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
		char head[128];
		size_t n = (size_t)snprintf(head, sizeof(head), "GET / HTTP/1.0\r\n%s: 1\r\n",
					    names[i].name);

		if (names[i].known == SL_HTTP_F_TRANSFER_ENCODING)
			n = (size_t)snprintf(head, sizeof(head),
					     "GET / HTTP/1.1\r\nhost: a\r\n%s: chunked\r\n",
					     names[i].name);
		memcpy(head + n, "\r\n", 2);
		assert_int_equal(sl_http_request_parse(&req, head, n + 2, 0, NULL), n + 2);
		assert_int_equal(req.field[req.n_fields - 1].known, names[i].known);
	}
}

static bool allowed(char where, int c)
{
	bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

	if (where == 'v')
		return c == '\t' || (c >= ' ' && c != 0x7f);
	if (where == 't')
		return c > ' ' && c < 0x7f && c != '#';
	/* A colon ends the name, and the rest is a value. */
	return alnum || (c && strchr("!#$%&'*+-.^_`|~:", c));
}

/* Every byte that a name, a value and a target can and can not contain, where bytes are read one by
 * one and where they are read in blocks. */
static void test_every_byte(void **state)
{
	static const struct {
		char where;
		const char *text; /* '?' stands for the byte */
	} heads[] = {
		{'n', G "A?: b\r\n\r\n"},
		{'n', G "A?bcdefghijklmnopqrstuvwxyz: b\r\n\r\n"},
		{'n', G "Abcdefghijklmno?: b\r\n\r\n"},
		{'n', G "Abcdefghijklmnop?qrstuvwxyz: b\r\n\r\n"},
		{'v', G "A: b?c\r\n\r\n"},
		{'v', G "A: b?cdefghijklmnopqrstuvwxyz\r\n\r\n"},
		{'v', G "A: bcdefghijklmnop?qrstuvwxyz0123456789\r\n\r\n"},
		{'t', "GET /a?b HTTP/1.1\r\n" H "\r\n"},
		{'t', "GET /0123456789abcdef?0 HTTP/1.1\r\n" H "\r\n"},
	};
	static struct sl_http_request req;

	for (size_t i = 0; i < SL_ARRAY_LEN(heads); i++) {
		for (int c = 0; c < 256; c++) {
			size_t len = strlen(heads[i].text);
			char *in = exact_copy(heads[i].text, len);
			int verdict;

			*(char *)memchr(in, '?', len) = (char)c;
			verdict = sl_http_request_parse(&req, in, len, 0, NULL);
			assert_int_equal(verdict > 0, allowed(heads[i].where, c));
			free(in);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),       cmocka_unit_test(test_bad),
		cmocka_unit_test(test_same_spans), cmocka_unit_test(test_connect_trace_allowed),
		cmocka_unit_test(test_known),      cmocka_unit_test(test_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
