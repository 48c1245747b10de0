/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions read and ended from outside their worker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sl_flows.h"

#define ROWS    8
#define CLIENTS 2

struct world {
	char dir[64];
	struct sl_flows_hdr *hdr;
	struct sl_nat_session *row;
	struct sl_flows *flows;
};

static struct sl_ip ip(const char *text)
{
	struct sl_ip a;

	assert_int_equal(sl_ip_parse(text, &a, NULL), 0);
	return a;
}

static void session(struct world *w, uint32_t row, const char *client, uint8_t proto, uint8_t state)
{
	w->row[row] = (struct sl_nat_session){.generation = row + 1,
					      .client = ip(client),
					      .vip = ip("10.96.0.10"),
					      .own = ip("10.10.0.1"),
					      .endpoint = ip("10.10.0.11"),
					      .cport = 1000,
					      .vport = 80,
					      .oport = (uint16_t)(32768 + row),
					      .eport = 8080,
					      .proto = proto,
					      .state = state};
	w->row[row].check = sl_nat_check(&w->row[row]);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char path[128];
	int fd;

	snprintf(w->dir, sizeof(w->dir), "/tmp/test-flows-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	fd = open(sl_flows_path(w->dir, 0, path, sizeof(path)), O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)sl_flows_size(ROWS, CLIENTS)), 0);
	w->hdr =
		mmap(NULL, sl_flows_size(ROWS, CLIENTS), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(w->hdr, MAP_FAILED);
	close(fd);
	*w->hdr = (struct sl_flows_hdr){.magic = SL_FLOWS_MAGIC,
					.layout = SL_FLOWS_LAYOUT,
					.row_size = sizeof(struct sl_nat_session),
					.rows_max = ROWS,
					.clients_max = CLIENTS,
					.workers = 1};
	w->row = (void *)(w->hdr + 1);
	session(w, 1, "192.0.2.10", IPPROTO_TCP, SL_NAT_ESTABLISHED);
	session(w, 4, "192.0.2.11", IPPROTO_UDP, SL_NAT_UDP_STREAM);
	session(w, 7, "192.0.3.10", IPPROTO_TCP, SL_NAT_SYN_SENT);
	assert_int_equal(sl_flows_open(&w->flows, w->dir, 0, NULL), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char path[128];

	sl_flows_close(w->flows);
	munmap(w->hdr, sl_flows_size(ROWS, CLIENTS));
	unlink(sl_flows_path(w->dir, 0, path, sizeof(path)));
	rmdir(w->dir);
	free(w);
	return 0;
}

static unsigned count(const struct world *w)
{
	struct sl_nat_session s;
	uint32_t row = 0;
	unsigned n = 0;

	while (sl_flows_next(w->flows, &row, &s))
		n++;
	return n;
}

static void whole_rows_are_read(void **state)
{
	struct world *w = *state;
	struct sl_nat_session s;
	uint32_t row = 0;

	assert_true(sl_flows_next(w->flows, &row, &s));
	assert_int_equal(s.cport, 1000);
	assert_int_equal(row, 2);
	assert_int_equal(count(w), 3);
	/* Half-written: passed over, whatever it says. */
	w->row[4].cport = 7;
	assert_int_equal(count(w), 2);
	w->row[1].check = 0;
	assert_int_equal(count(w), 1);
	/* What changes while a session lives is not covered. */
	w->row[7].state = SL_NAT_ESTABLISHED;
	w->row[7].expires_us = 99;
	assert_int_equal(count(w), 1);
}

static void filters(void **state)
{
	static const struct {
		struct sl_session_filter f;
		const char *client, *vip, *endpoint;
		uint8_t len;
		unsigned n;
	} cases[] = {
		{{.parts = 0}, NULL, NULL, NULL, 0, 3},
		{{.parts = SL_FILTER_CLIENT}, "192.0.2.10", NULL, NULL, 128, 1},
		{{.parts = SL_FILTER_CLIENT}, "192.0.2.0", NULL, NULL, 96 + 24, 2},
		{{.parts = SL_FILTER_CLIENT}, "192.0.0.0", NULL, NULL, 96 + 16, 3},
		{{.parts = SL_FILTER_SERVICE}, NULL, "10.96.0.10", NULL, 0, 3},
		{{.parts = SL_FILTER_SERVICE, .vport = 81}, NULL, "10.96.0.10", NULL, 0, 0},
		{{.parts = SL_FILTER_ENDPOINT, .eport = 8080}, NULL, NULL, "10.10.0.11", 0, 3},
		{{.parts = SL_FILTER_ENDPOINT}, NULL, NULL, "10.10.0.12", 0, 0},
		{{.proto = IPPROTO_UDP}, NULL, NULL, NULL, 0, 1},
		{{.states = 1u << SL_NAT_SYN_SENT | 1u << SL_NAT_UDP_STREAM},
		 NULL,
		 NULL,
		 NULL,
		 0,
		 2},
		{{.states = 1u << SL_NAT_SYN_SENT, .proto = IPPROTO_UDP}, NULL, NULL, NULL, 0, 0},
	};
	struct world *w = *state;

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct sl_session_filter f = cases[i].f;
		struct sl_nat_session s;
		unsigned n = 0;
		uint32_t row = 0;

		if (cases[i].client)
			f.client = ip(cases[i].client);
		if (cases[i].vip)
			f.vip = ip(cases[i].vip);
		if (cases[i].endpoint)
			f.endpoint = ip(cases[i].endpoint);
		f.client_len = cases[i].len;
		while (sl_flows_next(w->flows, &row, &s))
			n += sl_session_matches(&f, &s);
		assert_int_equal(n, cases[i].n);
	}
}

static void *worker(void *arg)
{
	struct world *w = arg;

	while (__atomic_load_n(&w->hdr->kill_asked, __ATOMIC_ACQUIRE) != 1)
		usleep(1000);
	w->hdr->killed = 2;
	__atomic_store_n(&w->hdr->kill_done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void an_order_is_waited_for(void **state)
{
	struct sl_session_filter f = {.proto = IPPROTO_TCP};
	struct world *w = *state;
	struct sl_err err = {""};
	uint64_t ended;
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, worker, w), 0);
	assert_int_equal(sl_flows_kill(w->flows, &f, 2000, &ended, &err), 0);
	pthread_join(t, NULL);
	assert_int_equal(ended, 2);
	assert_int_equal(w->hdr->kill.proto, IPPROTO_TCP);
	/* Nobody is there. */
	assert_int_equal(sl_flows_kill(w->flows, &f, 20, &ended, &err), -ETIMEDOUT);
	assert_string_equal(err.text, "Worker 0 did not get to it within 20 ms.");
	assert_int_equal(ended, 0);
}

static void what_is_no_segment(void **state)
{
	struct world *w = *state;
	struct sl_flows *f = NULL;
	struct sl_err err;
	char path[128];

	assert_int_equal(sl_flows_open(&f, w->dir, 1, &err), -ENOENT);
	w->hdr->layout++;
	assert_int_equal(sl_flows_open(&f, w->dir, 0, &err), -EPROTO);
	w->hdr->layout--;
	w->hdr->rows_max = ROWS + 1;
	assert_int_equal(sl_flows_open(&f, w->dir, 0, &err), -EBADMSG);
	/* Of one that lies about its size while it is read, no row behind the end is. */
	assert_int_equal(count(w), 3);
	w->hdr->rows_max = UINT32_MAX;
	assert_int_equal(count(w), 3);
	w->hdr->rows_max = ROWS;
	assert_int_equal(truncate(sl_flows_path(w->dir, 0, path, sizeof(path)), 10), 0);
	assert_int_equal(sl_flows_open(&f, w->dir, 0, &err), -EBADMSG);
	assert_null(f);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(whole_rows_are_read),
		CASE(filters),
		CASE(an_order_is_waited_for),
		CASE(what_is_no_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
