/* SPDX-License-Identifier: BSD-3-Clause */
/* Cycles that lib/http takes for a head, on one core: the minimum and the median of many rounds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "sl_http.h"

#define ROUNDS    1001
#define PER_ROUND 200

static const char curl[] = "GET /simple/nginx/index.html HTTP/1.1\r\n"
			   "Host: www.example.com:31373\r\n"
			   "User-Agent: curl/7.88.1\r\n"
			   "Accept: */*\r\n"
			   "\r\n";

static const char api[] = "POST /api/v1/items?limit=50&offset=100 HTTP/1.1\r\n"
			  "Host: api.example.com\r\n"
			  "User-Agent: okhttp/4.12.0\r\n"
			  "Accept: application/json\r\n"
			  "Content-Type: application/json\r\n"
			  "Content-Length: 348\r\n"
			  "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n"
			  "X-Request-Id: 7d44ad5c-1b1c-4b9e-9f0a-3d5a1f8e2c11\r\n"
			  "\r\n";

static const char browser[] =
	"GET /assets/js/app.4f2a8c91.js?v=20240115 HTTP/1.1\r\n"
	"Host: www.example.com\r\n"
	"Connection: keep-alive\r\n"
	"sec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n"
	"sec-ch-ua-mobile: ?0\r\n"
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
	"Chrome/124.0.0.0 Safari/537.36\r\n"
	"sec-ch-ua-platform: \"Linux\"\r\n"
	"Accept: */*\r\n"
	"Sec-Fetch-Site: same-origin\r\n"
	"Sec-Fetch-Mode: no-cors\r\n"
	"Sec-Fetch-Dest: script\r\n"
	"Referer: https://www.example.com/dashboard/overview\r\n"
	"Accept-Encoding: gzip, deflate, br, zstd\r\n"
	"Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
	"Cookie: session=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9; theme=dark; "
	"_ga=GA1.1.1234567.1700\r\n"
	"\r\n";

static const char answer[] = "HTTP/1.1 200 OK\r\n"
			     "Server: nginx/1.22.1\r\n"
			     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
			     "Content-Type: text/html\r\n"
			     "Content-Length: 615\r\n"
			     "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
			     "Connection: keep-alive\r\n"
			     "ETag: \"64c8f2a1-267\"\r\n"
			     "Accept-Ranges: bytes\r\n"
			     "\r\n";

/* Time-stamp counter where there is one, else nanoseconds. */
static uint64_t now(void)
{
#ifdef __x86_64__
	return __rdtsc();
#else
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
#endif
}

static int request(const char *buf, size_t len)
{
	static struct sl_http_request req;

	return sl_http_request_parse(&req, buf, len, 0, NULL);
}

static int response(const char *buf, size_t len)
{
	static struct sl_http_response res;

	return sl_http_response_parse(&res, buf, len, 0, false, NULL);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int measure(const char *name, const char *buf, size_t len,
		   int (*parse)(const char *, size_t))
{
	static uint64_t cycles[ROUNDS];

	for (int r = 0; r < ROUNDS; r++) {
		uint64_t start = now();

		for (int i = 0; i < PER_ROUND; i++) {
			if (parse(buf, len) != (int)len) {
				fprintf(stderr, "%s is refused\n", name);
				return 1;
			}
		}
		cycles[r] = (now() - start) / PER_ROUND;
	}
	qsort(cycles, ROUNDS, sizeof(cycles[0]), by_value);
	printf("%-10s %5zu bytes  min %5" PRIu64 "  median %5" PRIu64 " cycles  %.2f a byte\n",
	       name, len, cycles[0], cycles[ROUNDS / 2], (double)cycles[ROUNDS / 2] / (double)len);
	return 0;
}

int main(void)
{
	return measure("curl", curl, sizeof(curl) - 1, request) |
	       measure("api", api, sizeof(api) - 1, request) |
	       measure("browser", browser, sizeof(browser) - 1, request) |
	       measure("response", answer, sizeof(answer) - 1, response);
}
