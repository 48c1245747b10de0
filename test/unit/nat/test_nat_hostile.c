/* SPDX-License-Identifier: BSD-3-Clause */
/* Damaged packets whose checksums are right: dropped, refused or translated, never harmful. */
#include "nat_world.h"

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

/* Makes the checksums of a damaged IPv4 packet right again, so that it is looked at. */
static void reseal(uint8_t *ip, uint32_t len)
{
	static const uint8_t field[256] = {
		[IPPROTO_TCP] = 16, [IPPROTO_UDP] = 6, [IPPROTO_ICMP] = 2};
	struct sl_ipv4_hdr *h = (struct sl_ipv4_hdr *)ip;
	uint32_t header = (ip[0] & 15) * 4u, total = ntohs(h->len_be);
	struct sl_ip src = sl_ip_from_v4(h->src_be), dst = sl_ip_from_v4(h->dst_be);
	uint64_t sum = 0;
	uint16_t csum;

	if (header < 20 || total > len || header + 20 > total)
		return;
	h->csum_be = sl_ipv4_csum(h, header);
	if (!field[h->proto])
		return;
	if (h->proto != IPPROTO_ICMP)
		sum = sl_csum_pseudo(&src, &dst, h->proto, total - header);
	memset(ip + header + field[h->proto], 0, 2);
	csum = (uint16_t)~sl_csum_fold(sl_csum_add(sum, ip + header, total - header));
	memcpy(ip + header + field[h->proto], &csum, 2);
}

static struct seg to_vip(uint8_t proto)
{
	return (struct seg){.src = CLIENT,
			    .dst = VIP,
			    .sport = (uint16_t)(5000 + rnd(8)),
			    .dport = proto == IPPROTO_TCP ? 80 : 53,
			    .proto = proto,
			    .flags = (uint8_t)rnd(64),
			    .len = 30 + rnd(30)};
}

/* A valid packet of any kind that nat looks at; its session may be there or not. */
static uint32_t valid_frame(struct nw *w, int kind, const uint8_t *quoted, int *port, uint8_t *out)
{
	static struct buf l4, f;
	struct seg s = to_vip(kind == 0 ? IPPROTO_TCP : IPPROTO_UDP);
	struct v4 ip = {.src = CLIENT,
			.dst = VIP,
			.proto = kind == 0 ? IPPROTO_TCP : IPPROTO_UDP,
			.ttl = (uint8_t)(1 + rnd(64))};

	*port = kind >= 2;
	nw_l4(&l4, &s);
	if (kind == 2) {
		const uint8_t head[8] = {3, (uint8_t)rnd(16)};

		l4.n = 0;
		put(&l4, head, 8);
		put(&l4, quoted, 28 + rnd(21));
		ip = (struct v4){.src = DNS, .dst = OWN, .proto = IPPROTO_ICMP};
	}
	f.n = 0;
	put_eth(&f, w->fx, *port, SL_ETH_IPV4, 0);
	put_v4(&f, &ip, l4.b, l4.n);
	memcpy(out, f.b, f.n);
	return f.n;
}

/* Behind each packet the fixture checks the ledger; sanitizers see the rest. */
static void damaged_packets_never_harm(void **state)
{
	struct nw *w = *state;
	static uint8_t frame[2048], quoted[64];
	struct seg s = to_vip(IPPROTO_UDP);

	seed = sl_wall_us();
	print_message("seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < 20000; i++) {
		uint32_t len;
		int port;

		if (i % 100 == 0) {
			nw_send(w, &s);
			memcpy(quoted, out_v4(w->fx, 0), 58);
		}
		len = valid_frame(w, (int)rnd(3), quoted, &port, frame);
		for (uint32_t k = rnd(4); k > 0; k--)
			frame[14 + rnd(len - 14)] = (uint8_t)rnd(256);
		if (rnd(8))
			reseal(frame + 14, len - 14);
		nw_frame(w, port, frame, rnd(16) ? len : 14 + rnd(len - 13));
		if (i % 50 == 0)
			nw_pass_s(w, 1);
	}
	assert_true(w->fx->lc.stats.c->nat_created > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(damaged_packets_never_harm, nw_setup, nw_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
