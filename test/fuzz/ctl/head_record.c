/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a message of a head ring, once as they are and once with the checksum that they
 * need: refused, or a head that can be written again and read as the same one.
 */
#include <stdlib.h>

#include "sl_ctl.h"
#include "sl_heads.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct sl_head_in *a, const struct sl_head_in *b)
{
	if (a->req.n_fields != b->req.n_fields || !sl_str_eq(a->req.method, b->req.method) ||
	    !sl_str_eq(a->req.target, b->req.target))
		abort();
	for (uint16_t i = 0; i < a->req.n_fields; i++)
		if (a->req.field[i].known != SL_HTTP_F_HOST &&
		    sl_head_withheld(&a->r, i) != sl_head_withheld(&b->r, i))
			abort();
}

/* Host first, as a worker does; so the others keep their places only if it was. */
static void write_again(const struct sl_head_in *in)
{
	static char slot[SL_CTL_HEAD_SIZE - 4] __attribute__((aligned(64)));
	static struct sl_head_in again;
	const struct sl_http_request *req = &in->req;
	struct sl_head h = {.method = req->method, .target = req->target, .minor = req->minor};
	struct sl_head_out out;
	bool first = req->n_fields > 0 && req->field[0].known == SL_HTTP_F_HOST;
	uint32_t len;

	if (first)
		h.host = req->field[0].value;
	sl_head_begin(&out, slot, &h);
	for (uint16_t i = first; i < req->n_fields; i++)
		sl_head_field(&out, req->field[i].name, req->field[i].value,
			      !sl_head_withheld(&in->r, i));
	len = sl_head_end(&out);
	if (len > sizeof(slot))
		abort();
	/* Values that a writer of ours would not withhold: then it may be no head any more. */
	if (sl_head_read(&again, slot, len) == 0 && !(again.r.flags & SL_HEAD_CUT))
		check_same(in, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_head_in in;
	char *message;
	uint32_t check;

	if (size == 0 || size > SL_CTL_HEAD_SIZE - 4)
		return 0;
	/* As long as the message, so that ASan sees what lies behind. */
	message = malloc(size);
	if (!message)
		return 0;
	memcpy(message, data, size);
	if (sl_head_read(&in, message, (uint32_t)size) == 0)
		write_again(&in);
	if (size >= sizeof(in.r)) {
		uint16_t len = (uint16_t)(size - sizeof(in.r));

		memcpy(message + offsetof(struct sl_head_record, len), &len, sizeof(len));
		check = sl_crc32c(0, message + sizeof(check), size - sizeof(check));
		memcpy(message, &check, sizeof(check));
		if (sl_head_read(&in, message, (uint32_t)size) == 0)
			write_again(&in);
	}
	free(message);
	return 0;
}
