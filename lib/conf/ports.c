/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the ports and routes of sluice.conf, and what each kind of port needs. */
#include <stdio.h>

#include "box.h"
#include "words.h"

#define IFNAME_MAX 15 /* IFNAMSIZ without its NUL */

/* Port as it is written, before it is checked. */
struct port_text {
	struct sl_conf_port port;
	int kind;
	const char *mac;
};

enum kind { PCI, AF_PACKET, AF_XDP, TAP, MEMIF, PCAP, NONE };
static const char *const kind_words[] = {"pci",   "af_packet", "af_xdp", "tap",
					 "memif", "pcap",      "null",   NULL};

static int address_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_conf_port *port = &((struct port_text *)dst)->port;
	struct sl_prefix *p = &port->addr[port->n_addrs];
	char show[SL_SHOW_MAX];
	struct sl_err why;
	const char *text;
	int e = sl_reader_str(r, s, &text);

	if (e)
		return e;
	sl_show(text, show);
	if (!strchr(text, '/'))
		return sl_reader_bad(r, s,
				     "'addresses' holds \"%s\" without a prefix length; write "
				     "e.g. \"192.0.2.1/24\"",
				     show);
	if (sl_prefix_parse(text, p, &why) < 0)
		return sl_reader_bad(r, s, "'addresses': %s", why.text);
	if (sl_ip_is_any(&p->ip) || p->ip.b[0] == 0xff ||
	    (sl_ip_is_v4(&p->ip) && (p->ip.b[12] >= 224 || p->ip.b[12] == 127)))
		return sl_reader_bad(
			r, s,
			"'addresses' holds %s, which no port can have; write a unicast "
			"address",
			text);
	port->n_addrs++;
	return 0;
}

static int fault_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	return sl_conf_fault_read(r, s, &((struct port_text *)dst)->port.fault);
}

#define PORT(field) SL_KEY_AT(struct port_text, field)

const struct sl_key sl_conf_port_keys[] = {
	{.name = "name",
	 .type = SL_KEY_TEXT,
	 PORT(port.name),
	 .min = 1,
	 .required = true,
	 .help = "a name such as name = \"client\""},
	{.name = "kind",
	 .type = SL_KEY_WORD,
	 PORT(kind),
	 .words = kind_words,
	 .required = true,
	 .help = "how packets come: kind = \"pci\", \"af_packet\", \"af_xdp\", \"tap\", \"memif\", "
		 "\"pcap\" or \"null\""},
	{.name = "device",
	 .type = SL_KEY_TEXT,
	 PORT(port.device),
	 .def = "",
	 .help = "What the kind works on: PCI address, interface, `socket[,server]`, "
		 "`in.pcap,out.pcap`; see below."},
	{.name = "addresses",
	 .type = SL_KEY_EACH,
	 .max = SL_CONF_ADDRS_MAX,
	 .read = address_read,
	 .help = "Own addresses, each with the length of its subnet."},
	{.name = "mtu",
	 .type = SL_KEY_INT,
	 PORT(port.mtu),
	 576,
	 SL_CONF_MTU_MAX,
	 "1500",
	 .help = "Largest IP packet in bytes."},
	{.name = "mac",
	 .type = SL_KEY_STR,
	 PORT(mac),
	 .min = 1,
	 .help = "Ethernet address such as \"02:00:00:00:00:01\". Absent: the device's."},
	{.name = "vlan",
	 .type = SL_KEY_INT,
	 PORT(port.vlan),
	 0,
	 4094,
	 "0",
	 .help = "VLAN that the port is in; ports of one device differ in it. 0: untagged."},
	{.name = "router_advertisements",
	 .type = SL_KEY_BOOL,
	 PORT(port.router_advertisements),
	 .def = "false",
	 .help = "IPv6 default routers, prefixes on the link and its MTU are learned from what "
		 "routers "
		 "advertise there; addresses are not."},
	{.name = "fault",
	 .type = SL_KEY_READ,
	 .keys = sl_conf_fault_keys,
	 .read = fault_read,
	 .help = "For tests: packets lost, doubled, damaged, reordered and delayed on purpose."},
	{0},
};

/* Moves behind min to max hexadecimal digits and the byte that must follow them. */
static bool hex_part(const char **p, size_t min, size_t max, char then)
{
	size_t n = strspn(*p, "0123456789abcdefABCDEF");

	if (n < min || n > max || (*p)[n] != then)
		return false;
	*p += n + (then != '\0');
	return true;
}

/* "0000:03:00.0", or without the domain. */
static bool pci_address(const char *d)
{
	const char *first = strchr(d, ':');

	if (first && strchr(first + 1, ':') && !hex_part(&d, 1, 4, ':'))
		return false;
	return hex_part(&d, 1, 2, ':') && hex_part(&d, 1, 2, '.') && hex_part(&d, 1, 1, '\0');
}

/* The device becomes an argument of a DPDK driver: nothing in it may start another argument. */
static bool device_bytes(const char *d, bool comma)
{
	for (; *d; d++)
		if (*d == '=' || *d == ' ' || (*d == ',' && !comma) || *d == '\n' || *d == '\t')
			return false;
	return true;
}

static const char *device_fault(int kind, const char *d)
{
	const char *comma = strchr(d, ',');

	switch (kind) {
	case PCI:
		return pci_address(d) ? NULL
				      : "needs a PCI address; write device = \"0000:03:00.0\"";
	case AF_PACKET:
	case AF_XDP:
		return *d && strlen(d) <= IFNAME_MAX && device_bytes(d, false)
			       ? NULL
			       : "needs a network interface; write its name, device = \"eth1\"";
	case TAP:
		return strlen(d) <= IFNAME_MAX && device_bytes(d, false)
			       ? NULL
			       : "has a device that is no interface name; write up to 15 bytes, or "
				 "leave it out";
	case MEMIF:
		return *d && *d != ',' && (!comma || strcmp(comma, ",server") == 0) &&
				       device_bytes(d, true)
			       ? NULL
			       : "needs a socket; write device = \"/run/x.sock\", with \",server\" "
				 "behind it on one side";
	case PCAP:
		return comma && comma != d && comma[1] && !strchr(comma + 1, ',') &&
				       device_bytes(d, true)
			       ? NULL
			       : "needs two files; write device = \"in.pcap,out.pcap\"";
	default:
		return *d ? "has no device; leave 'device' out" : NULL;
	}
}

/* RFC 8200 5: no link of IPv6 carries less. */
static int mtu_check(struct sl_reader *r, const config_setting_t *s,
		     const struct sl_conf_port *port)
{
	for (uint16_t i = 0; i < port->n_addrs && port->mtu < 1280; i++)
		if (!sl_ip_is_v4(&port->addr[i].ip))
			return sl_reader_bad(r, s,
					     "port '%s' has an IPv6 address, which needs an 'mtu' "
					     "of at least 1280, not %u",
					     port->name, port->mtu);
	return 0;
}

/* RFC 4861 routers give the way to elsewhere; the address to go there with is the port's own. */
static int learn_check(struct sl_reader *r, const config_setting_t *s,
		       const struct sl_conf_port *port)
{
	if (!port->router_advertisements)
		return 0;
	for (uint16_t i = 0; i < port->n_addrs; i++) {
		const struct sl_ip *ip = &port->addr[i].ip;

		if (!sl_ip_is_v4(ip) && !(ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80))
			return 0;
	}
	return sl_reader_bad(r, s,
			     "port '%s' has 'router_advertisements', but no IPv6 address to speak "
			     "from; write one into 'addresses', e.g. \"2001:db8::1/64\"",
			     port->name);
}

/* Ports on one device: each in a VLAN of its own, and no packet larger than the device takes. */
static int device_check(struct sl_reader *r, const config_setting_t *s,
			const struct sl_conf_box *box, const struct sl_conf_port *port)
{
	bool first = true;

	for (uint16_t i = 0; i < box->n_ports && *port->device; i++) {
		const struct sl_conf_port *p = &box->port[i];

		if (strcmp(p->kind, port->kind) != 0 || strcmp(p->device, port->device) != 0)
			continue;
		if (p->vlan == port->vlan)
			return sl_reader_bad(r, s,
					     "ports '%s' and '%s' are both in VLAN %u of device "
					     "'%s'; give one of them another 'vlan'",
					     p->name, port->name, p->vlan, p->device);
		if (first && port->mtu > p->mtu)
			return sl_reader_bad(r, s,
					     "port '%s' has a larger 'mtu' than port '%s', whose "
					     "device it is on; write at most %u",
					     port->name, p->name, p->mtu);
		if (port->fault.on)
			return sl_reader_bad(r, s,
					     "port '%s' has a 'fault', but shares the device of "
					     "port '%s'; write it there, for all of them",
					     port->name, p->name);
		first = false;
	}
	return 0;
}

int sl_conf_port_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_conf_box *box = &((struct sl_conf *)dst)->box;
	struct port_text t;
	const char *fault;
	int e;

	/* Padding as well: boxes are compared byte by byte to notice a change. */
	memset(&t, 0, sizeof(t));
	e = sl_keys_read(r, sl_conf_port_keys, s, "port", &t);
	if (e)
		return e;
	for (uint16_t i = 0; i < box->n_ports; i++)
		if (strcmp(box->port[i].name, t.port.name) == 0)
			return sl_reader_bad(r, s,
					     "port '%s' is defined twice; give this one "
					     "another name",
					     t.port.name);
	fault = device_fault(t.kind, t.port.device);
	if (fault)
		return sl_reader_bad(r, s, "port '%s' of kind %s %s", t.port.name,
				     kind_words[t.kind], fault);
	if (t.mac && sl_word_mac(t.mac, t.port.mac) < 0)
		return sl_reader_bad(r, s,
				     "port '%s': 'mac' is no unicast Ethernet address; write e.g. "
				     "\"02:00:00:00:00:01\"",
				     t.port.name);
	t.port.has_mac = t.mac != NULL;
	snprintf(t.port.kind, sizeof(t.port.kind), "%s", kind_words[t.kind]);
	e = mtu_check(r, s, &t.port);
	if (e == 0)
		e = learn_check(r, s, &t.port);
	if (e == 0)
		e = device_check(r, s, box, &t.port);
	if (e)
		return e;
	box->port[box->n_ports++] = t.port;
	return 0;
}

struct route_text {
	const char *to, *via;
};

const struct sl_key sl_conf_route_keys[] = {
	{.name = "to",
	 .type = SL_KEY_STR,
	 SL_KEY_AT(struct route_text, to),
	 .required = true,
	 .help = "the destination: to = \"10.20.0.0/16\""},
	{.name = "via",
	 .type = SL_KEY_STR,
	 SL_KEY_AT(struct route_text, via),
	 .required = true,
	 .help = "the next hop, in a port's subnet: via = \"10.10.1.1\""},
	{0},
};

int sl_conf_route_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_conf_box *box = &((struct sl_conf *)dst)->box;
	struct sl_conf_route *route = &box->route[box->n_routes];
	struct route_text t = {0};
	struct sl_err why;
	int e = sl_keys_read(r, sl_conf_route_keys, s, "route", &t);

	if (e)
		return e;
	if (sl_prefix_parse(t.to, &route->to, &why) < 0 ||
	    sl_ip_parse(t.via, &route->via, &why) < 0)
		return sl_reader_bad(r, s, "route: %s", why.text);
	if (sl_ip_is_v4(&route->to.ip) != sl_ip_is_v4(&route->via))
		return sl_reader_bad(r, s,
				     "route to %s via %s mixes IPv4 and IPv6; write both in one "
				     "family",
				     t.to, t.via);
	box->n_routes++;
	return 0;
}

static bool on_link(const struct sl_conf_box *box, const struct sl_ip *ip)
{
	for (uint16_t p = 0; p < box->n_ports; p++)
		for (uint16_t a = 0; a < box->port[p].n_addrs; a++)
			if (sl_prefix_contains(&box->port[p].addr[a], ip))
				return true;
	return false;
}

/* Counts how often one of the box's addresses is written. */
static unsigned owners(const struct sl_conf_box *box, const struct sl_ip *ip)
{
	unsigned n = 0;

	for (uint16_t p = 0; p < box->n_ports; p++)
		for (uint16_t a = 0; a < box->port[p].n_addrs; a++)
			n += sl_ip_eq(&box->port[p].addr[a].ip, ip);
	return n;
}

static int check_route(struct sl_reader *r, const struct sl_conf *conf, uint16_t i,
		       const config_setting_t *s)
{
	const struct sl_conf_route *route = &conf->box.route[i];
	char text[SL_IP_TEXT_MAX];
	int hops = 1;

	sl_ip_format(&route->via, text);
	if (!on_link(&conf->box, &route->via))
		return sl_reader_bad(r, s,
				     "next hop %s is in no port's subnet; write one that is, or "
				     "give a port an address beside it",
				     text);
	if (owners(&conf->box, &route->via))
		return sl_reader_bad(r, s, "next hop %s is an address of ours; write the router's",
				     text);
	for (uint16_t j = 0; j < i; j++) {
		const struct sl_conf_route *o = &conf->box.route[j];

		if (route->to.len != o->to.len || !sl_prefix_contains(&route->to, &o->to.ip))
			continue;
		if (sl_ip_eq(&route->via, &o->via))
			return sl_reader_bad(r, s,
					     "a second route to the same prefix via %s; write each "
					     "next hop once",
					     text);
		if (++hops > SL_CONF_HOPS_MAX)
			return sl_reader_bad(r, s,
					     "more than %d next hops of one prefix; write fewer",
					     SL_CONF_HOPS_MAX);
	}
	return 0;
}

/* Routes lie in the order of the file: find the setting that made number i. */
static const config_setting_t *route_setting(const struct sl_conf *conf, uint16_t i)
{
	const config_setting_t *list = config_lookup(&conf->cfg, "routes");
	const config_setting_t *gateway = config_lookup(&conf->cfg, "gateway");
	uint16_t n = list ? (uint16_t)config_setting_length(list) : 0;
	uint16_t at = UINT16_MAX;

	if (gateway)
		at = !list || config_setting_index(gateway) < config_setting_index(list) ? 0 : n;
	if (i == at)
		return gateway;
	return config_setting_get_elem(list, i > at ? i - 1u : i);
}

int sl_conf_ports_check(struct sl_reader *r, const struct sl_conf *conf)
{
	const struct sl_conf_box *box = &conf->box;
	char text[SL_IP_TEXT_MAX];
	int e = 0;

	for (uint16_t p = 0; p < box->n_ports; p++)
		for (uint16_t a = 0; a < box->port[p].n_addrs; a++)
			if (owners(box, &box->port[p].addr[a].ip) > 1)
				return sl_reader_bad(
					r, config_lookup(&conf->cfg, "ports"),
					"address %s is written twice; give each port its own",
					sl_ip_format(&box->port[p].addr[a].ip, text));
	for (uint16_t i = 0; e == 0 && i < box->n_routes; i++)
		e = check_route(r, conf, i, route_setting(conf, i));
	return e;
}
