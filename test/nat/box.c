/* SPDX-License-Identifier: BSD-3-Clause */
/* The box that cases and the reference translator put packets into. */
#include <stdlib.h>

#include "case.h"
#include "sl_conf.h"

static const char ports[] = "ports = ({ name = \"client\"; kind = \"null\"; "
			    "addresses = [\"192.0.2.1/24\", \"2001:db8:1::1/64\"]; },\n"
			    "{ name = \"backend\"; kind = \"null\"; "
			    "addresses = [\"10.10.0.1/16\", \"2001:db8:2::1/64\"]; });\n";

static int objects(const char *yaml, const struct sl_conf_box *box, struct sl_model *m,
		   struct sl_err *err)
{
	struct sl_objects *set = sl_objects_create();
	struct sl_prefix own[4];
	size_t n = 0;
	int rc;

	for (uint16_t i = 0; i < box->n_ports; i++)
		for (uint16_t k = 0; k < box->port[i].n_addrs; k++)
			own[n++] = box->port[i].addr[k];
	rc = sl_objects_read_text(set, "yaml", yaml, strlen(yaml), err);
	if (rc == 0)
		rc = sl_objects_model_on(set, box->node, own, n, m, err);
	sl_objects_free(set);
	return rc;
}

/* What of the box itself concerns L4: who may go outside. */
static void egress_of(const struct sl_conf_box *box, struct sl_nat_config *cfg)
{
	static struct sl_nat_egress rule[SL_NAT_EGRESS_MAX]; /* copied by sl_nat_create */

	cfg->egress = rule;
	cfg->n_egress = box->n_egress;
	for (uint16_t i = 0; i < box->n_egress; i++) {
		rule[i] = (struct sl_nat_egress){.from = box->egress[i].from,
						 .to = box->egress[i].to,
						 .n_snat = box->egress[i].n_snat};
		memcpy(rule[i].snat, box->egress[i].snat, sizeof(rule[i].snat));
	}
}

struct sl_model *box_model(const char *conf, const char *yaml, struct sl_nat_config *cfg,
			   struct sl_err *err)
{
	struct sl_model *m = sl_model_create();
	struct sl_conf *c = NULL;
	char *text = NULL;
	int n = asprintf(&text, "%s%s", ports, conf ? conf : "");
	int rc = sl_conf_read_text(&c, "conf", text, (size_t)n, err);

	if (rc == 0)
		rc = sl_conf_model(c, m, err);
	if (rc == 0 && yaml)
		rc = objects(yaml, sl_conf_box(c), m, err);
	if (rc == 0)
		rc = sl_model_check(m, err);
	if (rc == 0)
		egress_of(sl_conf_box(c), cfg);
	if (rc != 0) {
		sl_model_free(m);
		m = NULL;
	}
	sl_conf_free(c);
	free(text);
	return m;
}

void box_put(struct nw *w, int port, const struct pk_bytes *b)
{
	static struct buf f;

	f.n = 0;
	put_eth(&f, w->fx, port, b->b[0] >> 4 == 4 ? SL_ETH_IPV4 : SL_ETH_IPV6, 0);
	put(&f, b->b, b->n);
	nw_frame(w, port, f.b, f.n);
}

static struct pk_bytes frame[FX_OUT_MAX];
static int frame_port[FX_OUT_MAX];

/* Fragments joined, packets read. */
static unsigned join(unsigned frames, struct pk *out, struct pk_bytes *bytes, int *port,
		     unsigned max)
{
	static struct pk_bytes whole;
	bool done[FX_OUT_MAX] = {false};
	unsigned n = 0;

	for (unsigned i = 0; i < frames; i++) {
		const struct pk_bytes *piece[PK_PIECES] = {&frame[i]};
		uint32_t id, other;
		bool cut = pk_is_piece(&frame[i], &id);
		unsigned pieces = 1;
		const char *bad;

		if (done[i])
			continue;
		for (unsigned k = i + 1; cut && k < frames && pieces < PK_PIECES; k++)
			if (pk_is_piece(&frame[k], &other) && other == id && !done[k]) {
				piece[pieces++] = &frame[k];
				done[k] = true;
			}
		bad = pk_join(&whole, piece, pieces);
		assert_true(n < max);
		if (!bad)
			bad = pk_read(&out[n], &whole);
		if (bad)
			fail_msg("a packet that went out: %s", bad);
		out[n].pieces = pieces;
		if (bytes)
			bytes[n] = whole;
		port[n++] = frame_port[i];
	}
	return n;
}

unsigned box_out(struct nw *w, struct pk *out, struct pk_bytes *bytes, int *port, unsigned max)
{
	for (unsigned i = 0; i < w->fx->n_out; i++) {
		frame[i].n = w->fx->out[i].len - 14;
		memcpy(frame[i].b, w->fx->out[i].b + 14, frame[i].n);
		frame_port[i] = w->fx->out[i].port;
	}
	return join(w->fx->n_out, out, bytes, port, max);
}

unsigned box_out_of_kernel(struct kernel *k, struct pk *out, int *port, unsigned max)
{
	return join(kernel_take(k, frame, frame_port, FX_OUT_MAX), out, NULL, port, max);
}
