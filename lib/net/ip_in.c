/* SPDX-License-Identifier: BSD-3-Clause */
/* The ip_in stage: one packet of either family checked and parsed into sl_pkt. */
#include "net_int.h"

int ip_parse(const struct sl_net *net, struct rte_mbuf *m)
{
	return sl_pkt(m)->family == 4 ? ipv4_parse(net, m) : ipv6_parse(net, m);
}

uint16_t sl_ip_in_burst(struct sl_net_lcore *nl, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		int verdict = ip_parse(nl->net, m);

		if (verdict == NET_ND)
			net_punt(nl->lc, m, SL_PUNT_ND);
		else if (verdict != NET_PASS)
			sl_drop(nl->lc, m, (enum sl_drop)verdict);
		else
			pkts[kept++] = m;
	}
	return kept;
}

int ip_addrs(const struct rte_mbuf *m, uint32_t l3, struct sl_ip *src, struct sl_ip *dst)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, l3);
	uint32_t v4;

	if (m->data_len >= l3 + NET_V4_LEN && ip[0] >> 4 == 4) {
		memcpy(&v4, ip + 12, 4);
		*src = sl_ip_from_v4(v4);
		memcpy(&v4, ip + 16, 4);
		*dst = sl_ip_from_v4(v4);
		return 4;
	}
	if (m->data_len >= l3 + NET_V6_LEN && ip[0] >> 4 == 6) {
		memcpy(src->b, ip + 8, 16);
		memcpy(dst->b, ip + 24, 16);
		return 6;
	}
	return 0;
}
