/* SPDX-License-Identifier: BSD-3-Clause */
/* Heads of requests: what is kept, what is withheld, what is cut, and readers that trust nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sl_ctl.h"
#include "sl_heads.h"

#define SLOT_BYTES (SL_CTL_HEAD_SIZE - 4)

struct box {
	char *slot; /* exactly as large as one, so that ASan sees a step outside */
	struct sl_head_out out;
	struct sl_head_in in;
	char big[12000];
};

static int make(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	assert_int_equal(posix_memalign((void **)&b->slot, 64, SLOT_BYTES), 0);
	memset(b->slot, 0xa5, SLOT_BYTES);
	memset(b->big, 'x', sizeof(b->big));
	*state = b;
	return 0;
}

static int unmake(void **state)
{
	struct box *b = *state;

	free(b->slot);
	free(b);
	return 0;
}

static struct sl_head head(struct sl_str target, struct sl_str host)
{
	struct sl_head h = {.wall_us = 123,
			    .requests = 7,
			    .local.port = 8080,
			    .request_id = SL_STR("an-id"),
			    .method = SL_STR("GET"),
			    .target = target,
			    .host = host,
			    .minor = 1};

	h.local.ip.b[15] = 9;
	return h;
}

static void begin(struct box *b, struct sl_str target, struct sl_str host)
{
	struct sl_head h = head(target, host);

	sl_head_begin(&b->out, b->slot, &h);
}

static void add(struct box *b, const char *name, const char *value, bool keep)
{
	sl_head_field(&b->out, sl_str(name), sl_str(value), keep);
}

static int field_named(const struct box *b, const char *name)
{
	for (int i = 0; i < b->in.req.n_fields; i++)
		if (sl_str_ieq(b->in.req.field[i].name, sl_str(name)))
			return i;
	fail_msg("no field %s", name);
	return -1;
}

static void assert_str(struct sl_str got, const char *want)
{
	assert_true(sl_str_eq(got, sl_str(want)));
}

static void as_written(void **state)
{
	struct box *b = *state;
	uint32_t n;
	int at;

	begin(b, SL_STR("/a?b=c"), SL_STR("a.test:80"));
	add(b, "x-user", "jason", true);
	add(b, "Cookie", "sid=secret", false);
	add(b, "content-length", "3", true);
	n = sl_head_end(&b->out);
	assert_int_equal(sl_head_read(&b->in, b->slot, n), 0);
	assert_int_equal(b->in.r.wall_us, 123);
	assert_int_equal(b->in.r.requests, 7);
	assert_int_equal(b->in.r.port, 8080);
	assert_int_equal(b->in.r.ip.b[15], 9);
	assert_int_equal(b->in.r.flags, 0);
	assert_true(b->in.r.request == sl_head_request(SL_STR("an-id")));
	assert_str(b->in.req.method, "GET");
	assert_str(b->in.req.target, "/a?b=c");
	assert_str(b->in.req.authority, "a.test:80");
	at = field_named(b, "x-user");
	assert_str(b->in.req.field[at].value, "jason");
	assert_false(sl_head_withheld(&b->in.r, (uint32_t)at));
	/* The name is there, the value is nowhere in the slot. */
	at = field_named(b, "cookie");
	assert_int_equal(b->in.req.field[at].value.n, 0);
	assert_true(sl_head_withheld(&b->in.r, (uint32_t)at));
	assert_null(memmem(b->slot, SLOT_BYTES, "secret", 6));
	/* As much of an id as an access record has. */
	assert_true(sl_head_request((struct sl_str){b->big, 255}) ==
		    sl_head_request((struct sl_str){b->big, 300}));
}

static void old_protocol(void **state)
{
	struct box *b = *state;
	struct sl_head h = head(SL_STR("/"), (struct sl_str){0});

	h.minor = 0;
	sl_head_begin(&b->out, b->slot, &h);
	assert_int_equal(sl_head_read(&b->in, b->slot, sl_head_end(&b->out)), 0);
	assert_int_equal(b->in.req.minor, 0);
	assert_int_equal(b->in.req.n_fields, 0);
}

/* Every length of target and host up to more than there is room for. */
static void cut_lines(void **state)
{
	struct box *b = *state;

	b->big[0] = '/';
	for (uint32_t n = 1; n < 2300; n += n < 1600 ? 97 : 1)
		for (uint32_t k = 1; k < 400; k += 57) {
			struct sl_head h =
				head((struct sl_str){b->big, n}, (struct sl_str){b->big + 1, k});
			uint32_t host = SL_MIN(k, SL_HEAD_HOST_MAX), len;
			bool cut = k > SL_HEAD_HOST_MAX || n + host > SL_HEAD_TEXT_MAX - 25;

			sl_head_begin(&b->out, b->slot, &h);
			len = sl_head_end(&b->out);
			assert_in_range(len, 0, SLOT_BYTES);
			assert_int_equal(sl_head_read(&b->in, b->slot, len), 0);
			assert_int_equal(b->in.r.flags, cut ? SL_HEAD_CUT : 0);
			assert_int_equal(b->in.req.authority.n, host);
			assert_int_equal(b->in.req.target.n,
					 SL_MIN(n, SL_HEAD_TEXT_MAX - 25 - host));
		}
}

/* A value without room is withheld, a name without room ends the head at a field's end. */
static void cut_fields(void **state)
{
	struct box *b = *state;
	uint16_t kept;

	begin(b, SL_STR("/"), SL_STR("a.test"));
	sl_head_field(&b->out, SL_STR("x-long"), (struct sl_str){b->big, 9000}, true);
	add(b, "x-user", "jason", true);
	assert_int_equal(sl_head_read(&b->in, b->slot, sl_head_end(&b->out)), 0);
	assert_int_equal(b->in.r.flags, 0);
	assert_true(sl_head_withheld(&b->in.r, (uint32_t)field_named(b, "x-long")));
	assert_false(sl_head_withheld(&b->in.r, (uint32_t)field_named(b, "x-user")));

	begin(b, SL_STR("/"), SL_STR("a.test"));
	for (int i = 0; i < 90; i++)
		sl_head_field(&b->out, (struct sl_str){b->big, 61}, SL_STR("v"), true);
	kept = b->out.r.n_fields;
	/* Even one that would fit again: the order is that of the client. */
	add(b, "s", "v", true);
	assert_int_equal(sl_head_read(&b->in, b->slot, sl_head_end(&b->out)), 0);
	assert_int_equal(b->in.r.flags, SL_HEAD_CUT);
	assert_int_equal(b->in.req.n_fields, kept);
	assert_in_range(kept, 25, 35);
	assert_str(b->in.req.field[kept - 1].value, "v");

	/* As many as a request may have, and no more. */
	begin(b, SL_STR("/"), SL_STR("a.test"));
	for (int i = 0; i < 200; i++)
		add(b, "n", "secret", i % 2 == 0);
	assert_int_equal(sl_head_read(&b->in, b->slot, sl_head_end(&b->out)), 0);
	assert_int_equal(b->in.req.n_fields, SL_HTTP_FIELDS_MAX);
	assert_true(b->in.r.flags & SL_HEAD_CUT);
	assert_true(sl_head_withheld(&b->in.r, SL_HTTP_FIELDS_MAX - 2));
	assert_false(sl_head_withheld(&b->in.r, SL_HTTP_FIELDS_MAX - 1));
	assert_false(sl_head_withheld(&b->in.r, 5000));
}

/* Whatever is damaged: it is refused, and nothing outside is touched. */
static void torn(void **state)
{
	struct box *b = *state;
	uint32_t len;
	char *exact;

	begin(b, SL_STR("/a"), SL_STR("a.test"));
	add(b, "x-user", "jason", true);
	len = sl_head_end(&b->out);
	for (uint32_t i = 0; i < len; i++)
		for (int bit = 0; bit < 8; bit++) {
			b->slot[i] ^= (char)(1 << bit);
			assert_int_equal(sl_head_read(&b->in, b->slot, len), -EBADMSG);
			b->slot[i] ^= (char)(1 << bit);
		}
	for (uint32_t n = 0; n <= SLOT_BYTES; n++)
		assert_int_equal(sl_head_read(&b->in, b->slot, n), n == len ? 0 : -EBADMSG);
	exact = malloc(len);
	assert_non_null(exact);
	memcpy(exact, b->slot, len);
	assert_int_equal(sl_head_read(&b->in, exact, len), 0);
	assert_int_equal(sl_head_read(&b->in, exact, len - 1), -EBADMSG);
	free(exact);
	assert_int_equal(sl_head_read(&b->in, b->big, sizeof(b->big)), -EBADMSG);
}

/* A checksum that holds makes no head of what is none, nor of a wrong number of fields. */
static void liars(void **state)
{
	struct box *b = *state;
	uint32_t len;

	begin(b, SL_STR("/a b"), SL_STR("a.test"));
	assert_int_equal(sl_head_read(&b->in, b->slot, sl_head_end(&b->out)), -EBADMSG);
	begin(b, SL_STR("/a"), SL_STR("a.test"));
	add(b, "x", "1\r\n\r\nGET / HTTP/1.1", true);
	assert_int_equal(sl_head_read(&b->in, b->slot, sl_head_end(&b->out)), -EBADMSG);
	begin(b, SL_STR("/a"), SL_STR("a.test"));
	add(b, "x", "1\r\ny: 2", true);
	assert_int_equal(sl_head_read(&b->in, b->slot, sl_head_end(&b->out)), -EBADMSG);
	begin(b, SL_STR("/a"), SL_STR("a.test"));
	b->out.r.n_fields = 0;
	len = sl_head_end(&b->out);
	assert_int_equal(sl_head_read(&b->in, b->slot, len), -EBADMSG);
}

/* A writer that dies before it publishes was never there; a full ring takes nothing. */
static void through_the_ring(void **state)
{
	struct box *b = *state;
	struct sl_ring *ring = NULL;
	const void *msg;
	uint32_t len;

	assert_int_equal(posix_memalign((void **)&ring, 64,
					sl_ring_size(SL_CTL_HEAD_SLOTS, SL_CTL_HEAD_SIZE)),
			 0);
	sl_ring_init(ring, SL_CTL_HEAD_SLOTS, SL_CTL_HEAD_SIZE);
	for (uint32_t i = 0; i < SL_CTL_HEAD_SLOTS; i++) {
		struct sl_head h = head(SL_STR("/a"), SL_STR("a.test"));

		h.requests = i;
		sl_head_begin(&b->out, sl_ring_reserve(ring), &h);
		assert_int_equal(sl_ring_used(ring), i);
		sl_ring_publish(ring, sl_head_end(&b->out));
	}
	assert_null(sl_ring_reserve(ring));
	for (uint32_t i = 0; i < SL_CTL_HEAD_SLOTS; i++) {
		msg = sl_ring_peek(ring, &len);
		assert_non_null(msg);
		assert_int_equal(sl_head_read(&b->in, msg, len), 0);
		assert_int_equal(b->in.r.requests, i);
		sl_ring_release(ring);
	}
	sl_head_begin(&b->out, sl_ring_reserve(ring), &(struct sl_head){.method = SL_STR("GET")});
	assert_null(sl_ring_peek(ring, &len));
	assert_int_equal(sl_ring_used(ring), 0);
	ring->head += 1000; /* damaged: no more than the ring has */
	assert_int_equal(sl_ring_used(ring), SL_CTL_HEAD_SLOTS);
	free(ring);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup_teardown(as_written, make, unmake),
		cmocka_unit_test_setup_teardown(old_protocol, make, unmake),
		cmocka_unit_test_setup_teardown(cut_lines, make, unmake),
		cmocka_unit_test_setup_teardown(cut_fields, make, unmake),
		cmocka_unit_test_setup_teardown(torn, make, unmake),
		cmocka_unit_test_setup_teardown(liars, make, unmake),
		cmocka_unit_test_setup_teardown(through_the_ring, make, unmake),
	};

	return cmocka_run_group_tests_name("ctl_heads", cases, NULL, NULL);
}
