/* SPDX-License-Identifier: BSD-3-Clause */
/* Faulty sluice.conf texts and what is said about each. */
#include "bad.h"

#define PORTS       "ports = ( { name = \"a\"; kind = \"null\"; addresses = [\"10.0.0.1/24\"]; } );\n"
#define FAULT(text) "ports = ( { name = \"a\"; kind = \"null\"; fault: { " text " }; } );"
#define HOP(host)   "{ to = \"0.0.0.0/0\"; via = \"10.0.0." host "\"; }"
#define ROUTES \
	"listeners = ( { name = \"w\"; port = 80; hosts = ( { domains = [\"a.b\"]; routes = (\n"
#define ROUTES_END "\n); } ); } );\n"

const struct bad_case bad_conf[] = {
	{"ports = (",
	 "t.conf:2: the file ends; expected ')' here, for the '(' that is open since line 1"},
	{PORTS "gateway 5;", "t.conf:2: 5 found; expected '=' here; settings are written name = "
			     "value; with a ';' behind each"},
	{PORTS "limits: { nat_sessions = 4294967296; };",
	 "t.conf:2: number 4294967296 is out of range; write one between -2147483648 and "
	 "2147483647"},
	{PORTS "limits: { nat_sessions = 99999999999999999999999; };",
	 "t.conf:2: number 99999999999999999999999 is out of range; write one between -2147483648 "
	 "and 2147483647"},
	{PORTS "limits: { nat_sessions = 0xFFFFFFFF; };",
	 "t.conf:2: number 0xFFFFFFFF is out of range; write one between -2147483648 and "
	 "2147483647"},
	{PORTS "memory: { size = 512M; };", "t.conf:2: '512M' is not a number; write digits only, "
					    "or quotes around a text with a unit, such as \"10s\""},
	{PORTS "instance = \"x", "t.conf:2: text that is never closed; write '\"' at its end"},
	{PORTS "/* never closed", "t.conf:2: comment that is never closed; write '*/' at its end"},
	{PORTS "instance = \"a\\x00b\";",
	 "t.conf:2: a text can't hold a NUL byte; leave \\x00 out"},
	{PORTS "@include \"other.conf\"\n",
	 "t.conf:2: @include in text that is no file; write the settings here"},
	{PORTS "instance = \"a\"; instance = \"b\";",
	 "t.conf:2: a key written twice in one group; write it once"},
	{PORTS "x = ((((((((((((((((((((((((((1))))))))))))))))))))))))));",
	 "t.conf:2: ( found; expected at most 24 brackets inside each other"},
	{PORTS "instance = \"caf\\xe9\";",
	 "t.conf:2: 'instance' has a control byte or isn't UTF-8; write plain text"},
	{PORTS "listenrs = ();",
	 "t.conf:2: unknown key 'listenrs' in sluice.conf; did you mean 'listeners'?"},
	{PORTS "zzzzzzzz = 1;",
	 "t.conf:2: unknown key 'zzzzzzzz' in sluice.conf; write one of: "
	 "instance, node, workers, memory, log, ports, gateway, routes, control, "
	 "admin, dns, access, snat, egress, limits, timeouts, session_timeouts, http, locality, "
	 "manifests, "
	 "listeners, "
	 "clusters, services"},
	{PORTS "access = ( { from = \"10.0.0.0/8\"; } );",
	 "t.conf:2: rule without 'action'; write what happens: action = \"deny\""},
	{PORTS "access = ( { action = \"deny\"; from = \"10.0.0.0/40\"; } );",
	 "t.conf:2: access list: '10.0.0.0/40' is not an address range; write e.g. 10.0.0.0/8 or "
	 "2001:db8::/32"},
	{PORTS "access = ( { action = \"deny\"; port = 90; port_last = 80; } );",
	 "t.conf:2: a rule for ports 90 to 80; write the lower one first"},
	{PORTS "egress = ( { to = \"10.0.0.0/8\"; } );",
	 "t.conf:2: egress without 'from'; write the hosts that may go outside: from = "
	 "\"10.10.0.0/16\""},
	{PORTS "egress = ( { from = \"10.10.0.0/16\"; to = \"::/0\"; } );",
	 "t.conf:2: egress from 10.10.0.0/16 to ::/0; write prefixes of one family"},
	{PORTS "egress = ( { from = \"10.10.0.0/99\"; } );",
	 "t.conf:2: egress: '10.10.0.0/99' is not an address range; write e.g. 10.0.0.0/8 or "
	 "2001:db8::/32"},
	{PORTS "egress = ( { from = \"10.10.0.0/16\"; snat = [ \"10.9.9.9\" ]; } );",
	 "t.conf:2: 'snat' holds 10.9.9.9, which is no address of a port; add it to that port's "
	 "addresses"},
	{PORTS "egress = ( { from = \"10.10.0.0/16\"; snat = [ \"2001:db8::1\" ]; } );",
	 "t.conf:2: egress from 10.10.0.0/16 by an address of the other family; write addresses "
	 "of one family"},
	{PORTS "snat = [\"10.9.9.9\"];",
	 "t.conf:2: 'snat' holds 10.9.9.9, which is no address of a "
	 "port; add it to that port's addresses"},
	{PORTS "workers: { cuont = 2; };",
	 "t.conf:2: unknown key 'cuont' in workers; did you mean 'count'?"},
	{"instance = \"main\";\n",
	 "t.conf:1: sluice.conf without 'ports'; write the network ports: ports = ( { name = "
	 "\"client\"; kind = \"af_packet\"; ... } )"},
	{"ports = ();", "t.conf:1: 'ports' is empty; write at least 1"},
	{"ports = ( { kind = \"null\"; } );",
	 "t.conf:1: port without 'name'; write a name such as name = \"client\""},
	{"ports = ( { name = \"a\"; } );",
	 "t.conf:1: port without 'kind'; write how packets come: kind = \"pci\", \"af_packet\", "
	 "\"af_xdp\", \"tap\", \"memif\", \"pcap\" or \"null\""},
	{"ports = ( { name = \"a\"; kind = \"nul\"; } );",
	 "t.conf:1: 'kind' is \"nul\"; did you mean 'null'?"},
	{"ports = { name = \"a\"; };",
	 "t.conf:1: 'ports' is a group; write a list of groups: ( { ... }, { ... } )"},
	{"ports = ( 5 );", "t.conf:1: port is a number; write a group: { key = value; ... }"},
	{PORTS "instance = 5;", "t.conf:2: 'instance' is a number; write a text in quotes"},
	{PORTS "instance = \"\";", "t.conf:2: 'instance' is empty; write a value or leave it out"},
	{PORTS "instance = \"a b\";",
	 "t.conf:2: 'instance' has a byte that no name has; write A-Z, a-z, 0-9, '_' and '-'"},
	{PORTS "instance = \"abcdefghijklmnopqrstuvwxyz0123456789\";",
	 "t.conf:2: 'instance' is longer than 32 bytes; write a shorter one"},
	{PORTS "workers = 3;",
	 "t.conf:2: workers is a number; write a group: { key = value; ... }"},
	{PORTS "workers: { count = \"2\"; };",
	 "t.conf:2: 'count' is a text; write a whole number without quotes"},
	{PORTS "workers: { count = 33; };", "t.conf:2: 'count' is 33; write 0 to 32"},
	{PORTS "workers: { count = 2; cpus = [1]; };",
	 "t.conf:2: 'cpus' names 1 CPUs for 2 workers; name one a worker"},
	{PORTS "workers: { cpus = [1, 1]; };",
	 "t.conf:2: 'cpus' names CPU 1 twice; give each worker its own"},
	{PORTS "workers: { cpus = [-1]; };",
	 "t.conf:2: 'cpus' holds what is no CPU; write numbers of 0 to 1023"},
	{PORTS "workers: { cpus = 1; };",
	 "t.conf:2: 'cpus' is a number; write a list: [ ..., ... ]"},
	{PORTS "workers: { busy_poll = 1; };",
	 "t.conf:2: 'busy_poll' is a number; write true or false without quotes"},
	{PORTS "memory: { hugepages = \"maybe\"; };",
	 "t.conf:2: 'hugepages' is \"maybe\"; write one of: auto, yes, no"},
	{PORTS "memory: { size = 512; };",
	 "t.conf:2: 'size' is a number; write a size with its unit, such as \"512M\" or \"1G\""},
	{PORTS "memory: { size = \"512\"; };",
	 "t.conf:2: 'size' is \"512\"; write a size with its unit, such as \"512M\" or \"1G\""},
	{PORTS "memory: { size = \"512X\"; };",
	 "t.conf:2: 'size' is \"512X\"; write a size with its unit, such as \"512M\" or \"1G\""},
	{PORTS "memory: { size = \"1M\"; };",
	 "t.conf:2: 'size' is \"1M\"; write \"64M\" to \"1048576M\""},
	{PORTS "memory: { size = \"99999999999999999999T\"; };",
	 "t.conf:2: 'size' is \"99999999999999999999T\"; write \"64M\" to \"1048576M\""},
	{PORTS "timeouts: { head = 10; };",
	 "t.conf:2: 'head' is a number; write a time with its unit, such as \"10s\" or \"200ms\""},
	{PORTS "timeouts: { head = \"10\"; };",
	 "t.conf:2: 'head' is \"10\"; write a time with its unit, such as \"10s\" or \"200ms\""},
	{PORTS "timeouts: { head = \"-1s\"; };",
	 "t.conf:2: 'head' is \"-1s\"; write a time with its unit, such as \"10s\" or \"200ms\""},
	{PORTS "timeouts: { head = \"48h\"; };",
	 "t.conf:2: 'head' is \"48h\"; write 1ms to 86400s"},
	{PORTS "timeouts: { head = 0; };", "t.conf:2: 'head' is \"0\"; write 1ms to 86400s"},
	{PORTS "limits: { request_head = \"64K\"; };",
	 "t.conf:2: 'request_head' is \"64K\"; write 1K to 32K"},
	{PORTS "limits: { request_body = 7; };",
	 "t.conf:2: 'request_body' is a number; write a size with its unit, such as \"64K\" or "
	 "\"10M\""},
	{PORTS "limits: { request_body = \"7\"; };",
	 "t.conf:2: 'request_body' is \"7\"; write a size with its unit, such as \"64K\" or "
	 "\"10M\""},
	{PORTS "limits: { pool_idle_max = 0; };",
	 "t.conf:2: 'pool_idle_max' is 0; write 1 to 65535"},
	{PORTS "limits: { pool_idle_max = 1.5; };",
	 "t.conf:2: 'pool_idle_max' is a fraction; write a whole number without quotes"},
	{PORTS "http: { trusted_hops = 17; };", "t.conf:2: 'trusted_hops' is 17; write 0 to 16"},
	{PORTS "http: { path_normalization = \"full\"; };",
	 "t.conf:2: 'path_normalization' is \"full\"; write one of: none, base, merge_slashes, "
	 "decode_and_merge_slashes"},
	{PORTS "http: { path_normalization = \"decode_and_merge_slashes\";\n"
	       "escaped_slashes = \"reject\"; };",
	 "t.conf:3: 'escaped_slashes' contradicts 'path_normalization', which unescapes them; "
	 "write merge_slashes there, or leave this away"},
	{PORTS "dns: { servers = [ \"192.0.2.53\", \"dns.example.com\" ]; };",
	 "t.conf:2: 'servers' holds what is no address; write one such as \"192.0.2.53\" or "
	 "\"127.0.0.1:5353\""},
	{PORTS "dns: { servers = [ \"::1\", \"::2\", \"::3\", \"::4\" ]; };",
	 "t.conf:2: 'servers' has 4 entries; at most 3 fit"},
	{PORTS "dns: { refresh_min = \"10s\"; refresh_max = \"9s\"; };",
	 "t.conf:2: 'refresh_min' is above 'refresh_max'; write less"},
	{PORTS "dns: { names = 0; };", "t.conf:2: 'names' is 0; write 1 to 10000"},
	{PORTS "control: { socket = \"\"; };",
	 "t.conf:2: 'socket' is empty; write a value or leave it out"},
	{PORTS "manifests = \"x\";", "t.conf:2: 'manifests' is a text; write a list: [ ..., ... ]"},
	{PORTS "manifests = [5];", "t.conf:2: 'manifests' is a number; write a text in quotes"},
	{PORTS "manifests = [\"\"];",
	 "t.conf:2: 'manifests' holds an empty path; write a file or folder"},
	{"ports = ( { name = \"a\"; kind = \"null\"; },\n"
	 "{ name = \"a\"; kind = \"null\"; } );",
	 "t.conf:2: port 'a' is defined twice; give this one another name"},
	{"ports = ( { name = \"a\"; kind = \"null\"; device = \"x\"; } );",
	 "t.conf:1: port 'a' of kind null has no device; leave 'device' out"},
	{"ports = ( { name = \"a\"; kind = \"pci\"; } );",
	 "t.conf:1: port 'a' of kind pci needs a PCI address; write device = \"0000:03:00.0\""},
	{"ports = ( { name = \"a\"; kind = \"pci\"; device = \"eth0\"; } );",
	 "t.conf:1: port 'a' of kind pci needs a PCI address; write device = \"0000:03:00.0\""},
	{"ports = ( { name = \"a\"; kind = \"af_packet\"; } );",
	 "t.conf:1: port 'a' of kind af_packet needs a network interface; write its name, device = "
	 "\"eth1\""},
	{"ports = ( { name = \"a\"; kind = \"af_xdp\"; device = \"veth0,qpairs=9\"; } );",
	 "t.conf:1: port 'a' of kind af_xdp needs a network interface; write its name, device = "
	 "\"eth1\""},
	{"ports = ( { name = \"a\"; kind = \"tap\"; device = \"a-name-that-is-too-long\"; } );",
	 "t.conf:1: port 'a' of kind tap has a device that is no interface name; write up to 15 "
	 "bytes, or leave it out"},
	{"ports = ( { name = \"a\"; kind = \"memif\"; device = \"/run/x.sock,client\"; } );",
	 "t.conf:1: port 'a' of kind memif needs a socket; write device = \"/run/x.sock\", with "
	 "\",server\" behind it on one side"},
	{"ports = ( { name = \"a\"; kind = \"pcap\"; device = \"in.pcap\"; } );",
	 "t.conf:1: port 'a' of kind pcap needs two files; write device = \"in.pcap,out.pcap\""},
	{"ports = ( { name = \"a\"; kind = \"null\"; mtu = 100; } );",
	 "t.conf:1: 'mtu' is 100; write 576 to 2030"},
	{"ports = ( { name = \"a\"; kind = \"null\"; mtu = 9000; } );",
	 "t.conf:1: 'mtu' is 9000; write 576 to 2030"},
	{"ports = ( { name = \"a\"; kind = \"null\"; mtu = 1279; addresses = [\"2001:db8::1/64\"]; "
	 "} );",
	 "t.conf:1: port 'a' has an IPv6 address, which needs an 'mtu' of at least 1280, not 1279"},
	{"ports = ( { name = \"a\"; kind = \"null\"; router_advertisements = true;\n"
	 "addresses = [\"192.0.2.1/24\", \"fe80::1/64\"]; } );",
	 "t.conf:1: port 'a' has 'router_advertisements', but no IPv6 address to speak from; write "
	 "one into 'addresses', e.g. \"2001:db8::1/64\""},
	{"ports = ( { name = \"a\"; kind = \"tap\"; device = \"t0\"; vlan = 7; },\n"
	 "{ name = \"b\"; kind = \"tap\"; device = \"t0\"; vlan = 7; } );",
	 "t.conf:2: ports 'a' and 'b' are both in VLAN 7 of device 't0'; give one of them another "
	 "'vlan'"},
	{"ports = ( { name = \"a\"; kind = \"tap\"; device = \"t0\"; },\n"
	 "{ name = \"b\"; kind = \"tap\"; device = \"t0\"; vlan = 7; mtu = 1501; } );",
	 "t.conf:2: port 'b' has a larger 'mtu' than port 'a', whose device it is on; write at "
	 "most "
	 "1500"},
	{"ports = ( { name = \"a\"; kind = \"null\"; vlan = 4095; } );",
	 "t.conf:1: 'vlan' is 4095; write 0 to 4094"},
	{FAULT("rx: { loss = 1; };"),
	 "t.conf:1: 'loss' is a number; write a percentage, such as \"0.5%\""},
	{FAULT("rx: { loss = \"1\"; };"),
	 "t.conf:1: 'loss' is \"1\"; write a percentage from \"0%\" to \"100%\", with at most two "
	 "decimals"},
	{FAULT("rx: { loss = \"101%\"; };"), "t.conf:1: 'loss' is \"101%\"; write a percentage "
					     "from \"0%\" to \"100%\", with at most two "
					     "decimals"},
	{FAULT("tx: { delay = \"1ms\"; jitter = \"2ms\"; };"),
	 "t.conf:1: 'jitter' is longer than 'delay'; write at most the delay"},
	{FAULT("tx: { reorder = \"1%\"; reorder_by = 65; };"),
	 "t.conf:1: 'reorder_by' is 65; write 1 to 64"},
	{FAULT("tx: { lost = \"1%\"; };"),
	 "t.conf:1: unknown key 'lost' in tx; did you mean 'loss'?"},
	{FAULT("seed = 5; tx: { };"),
	 "t.conf:1: 'fault' does nothing; write e.g. rx: { loss = \"1%\"; }; or leave it out"},
	{"ports = ( { name = \"a\"; kind = \"tap\"; device = \"t\"; },\n"
	 "{ name = \"b\"; kind = \"tap\"; device = \"t\"; vlan = 5; fault: { rx: { loss = \"1%\"; "
	 "}; }; } "
	 ");",
	 "t.conf:2: port 'b' has a 'fault', but shares the device of port 'a'; write it there, for "
	 "all of them"},
	{"ports = ( { name = \"a\"; kind = \"null\"; mac = \"01:00:5e:00:00:01\"; } );",
	 "t.conf:1: port 'a': 'mac' is no unicast Ethernet address; write e.g. "
	 "\"02:00:00:00:00:01\""},
	{"ports = ( { name = \"a\"; kind = \"null\"; mac = \"2:0:0:0:0:1\"; } );",
	 "t.conf:1: port 'a': 'mac' is no unicast Ethernet address; write e.g. "
	 "\"02:00:00:00:00:01\""},
	{"ports = ( { name = \"a\"; kind = \"null\"; addresses = [\"10.0.0.1\"]; } );",
	 "t.conf:1: 'addresses' holds \"10.0.0.1\" without a prefix length; write e.g. "
	 "\"192.0.2.1/24\""},
	{"ports = ( { name = \"a\"; kind = \"null\"; addresses = [\"10.0.0.256/24\"]; } );",
	 "t.conf:1: 'addresses': '10.0.0.256/24' is not an address range; write e.g. 10.0.0.0/8 or "
	 "2001:db8::/32"},
	{"ports = ( { name = \"a\"; kind = \"null\"; addresses = [\"10.0.0.1/33\"]; } );",
	 "t.conf:1: 'addresses': '10.0.0.1/33' is not an address range; write e.g. 10.0.0.0/8 or "
	 "2001:db8::/32"},
	{"ports = ( { name = \"a\"; kind = \"null\"; addresses = [\"127.0.0.1/8\"]; } );",
	 "t.conf:1: 'addresses' holds 127.0.0.1/8, which no port can have; write a unicast "
	 "address"},
	{"ports = ( { name = \"a\"; kind = \"null\"; addresses = [\"10.0.0.1/24\", "
	 "\"10.0.0.1/24\"]; } );",
	 "t.conf:1: address 10.0.0.1 is written twice; give each port its own"},
	{PORTS "gateway = \"10.0.0\";",
	 "t.conf:2: 'gateway': '10.0.0' is not an IP address; write e.g. 10.0.0.1 or 2001:db8::1"},
	{PORTS "gateway = \"10.0.1.1\";", "t.conf:2: next hop 10.0.1.1 is in no port's subnet; "
					  "write one that is, or give a port an address beside it"},
	{PORTS "gateway = \"10.0.0.1\";",
	 "t.conf:2: next hop 10.0.0.1 is an address of ours; write the router's"},
	{PORTS "routes = ( { to = \"10.1.0.0/16\"; } );",
	 "t.conf:2: route without 'via'; write the next hop, in a port's subnet: via = "
	 "\"10.10.1.1\""},
	{PORTS "routes = ( { to = \"10.1.0.0/16\"; via = \"::1\"; } );",
	 "t.conf:2: route to 10.1.0.0/16 via ::1 mixes IPv4 and IPv6; write both in one family"},
	{PORTS "routes = ( { to = \"10.1.0.0/99\"; via = \"10.0.0.2\"; } );",
	 "t.conf:2: route: '10.1.0.0/99' is not an address range; write e.g. 10.0.0.0/8 or "
	 "2001:db8::/32"},
	{PORTS "gateway = \"10.0.0.2\";\n"
	       "routes = ( { to = \"0.0.0.0/0\"; via = \"10.0.0.2\"; } );",
	 "t.conf:3: a second route to the same prefix via 10.0.0.2; write each next hop once"},
	{PORTS "routes = ( { to = \"10.1.0.0/16\"; via = \"10.0.0.2\"; },\n"
	       "{ to = \"10.1.0.0/16\"; via = \"10.0.0.3\"; }, { to = \"10.1.0.0/16\"; via = "
	       "\"10.0.0.2\"; } );",
	 "t.conf:3: a second route to the same prefix via 10.0.0.2; write each next hop once"},
	{PORTS "gateway = \"10.0.0.11\";\nroutes = (" HOP("12") "," HOP("13") "," HOP("14") "," HOP(
		 "15") "," HOP("16") "," HOP("17") "," HOP("18") "," HOP("19") ");",
	 "t.conf:3: more than 8 next hops of one prefix; write fewer"},
	{PORTS "listeners = ( { name = \"w\"; port = 80; hots = (); } );",
	 "t.conf:2: unknown key 'hots' in listener; did you mean 'hosts'?"},
	{PORTS "listeners = ( { name = \"w\"; hosts = (); } );",
	 "t.conf:2: listener without 'port'; write the TCP port: port = 8080"},
	{PORTS "listeners = ( { name = \"w\"; port = 70000; hosts = (); } );",
	 "t.conf:2: 'port' is 70000; write 1 to 65535"},
	{PORTS "listeners = ( { name = \"w\"; port = 80; address = \"localhost\"; hosts = (); } );",
	 "t.conf:2: 'address': 'localhost' is not an IP address; write e.g. 10.0.0.1 or "
	 "2001:db8::1"},
	{PORTS "listeners = ( { name = \"w\"; port = 80; } );",
	 "t.conf:2: listener 'w' without hosts; write hosts = ( { domains = [\"*\"]; routes = ( "
	 "... "
	 "); } )"},
	{PORTS "listeners = ( { name = \"w\"; port = 80; hosts = (); cluster = \"c\"; } );",
	 "t.conf:2: listener 'w' with a cluster of its own; write it in its routes, or protocol = "
	 "\"tcp\""},
	{PORTS "listeners = ( { name = \"w\"; port = 80; protocol = \"tcp\"; } );",
	 "t.conf:2: listener 'w' leads nowhere; write one of cluster and clusters"},
	{PORTS "listeners = ( { name = \"w\"; port = 80; protocol = \"tcp\"; cluster = \"c\"; "
	       "hosts = (); } );",
	 "t.conf:2: listener 'w' is of tcp, which has no hosts, paths and trailers; leave them "
	 "out"},
	{PORTS "listeners = ( { name = \"w\"; port = 80; hosts = (); },\n"
	       "{ name = \"w\"; port = 81; hosts = (); } );",
	 "t.conf:3: listener 'w' is defined twice; give this one another name"},
	{PORTS "listeners = ( { name = \"w\"; port = 80; hosts = ( { domains = []; } ); } );",
	 "t.conf:2: 'domains' is empty; write at least 1"},
	{PORTS
	 "listeners = ( { name = \"w\"; port = 80; hosts = ( { domains = [\"a.b:80\"]; } ); } );",
	 "t.conf:2: domain \"a.b:80\" has a port, which is never compared; leave it out"},
	{PORTS ROUTES
	 "{ match: { exact = \"/a\"; prefix = \"/b\"; }; cluster = \"c\"; }" ROUTES_END,
	 "t.conf:3: match says several paths; write one of exact, prefix and regex"},
	{PORTS ROUTES "{ match: { }; cluster = \"c\"; }" ROUTES_END,
	 "t.conf:3: match says no path; write one of exact, prefix and regex"},
	{PORTS ROUTES "{ match: { prefix = \"a\"; }; cluster = \"c\"; }" ROUTES_END,
	 "t.conf:3: match of a path that begins without '/', which no request has; write '/' "
	 "first"},
	{PORTS ROUTES "{ match: { prefx = \"/a\"; }; cluster = \"c\"; }" ROUTES_END,
	 "t.conf:3: unknown key 'prefx' in match; did you mean 'prefix'?"},
	{PORTS ROUTES "{ match: { prefix = \"/a\"; }; }" ROUTES_END,
	 "t.conf:3: route without a destination; write cluster, clusters, redirect or direct"},
	{PORTS ROUTES "{ cluster = \"c\"; redirect: { path = \"/x\"; }; }" ROUTES_END,
	 "t.conf:3: route with 2 destinations; write one of cluster, clusters, redirect and "
	 "direct"},
	{PORTS ROUTES "{ redirect: { path = \"/x\"; status = 200; }; }" ROUTES_END,
	 "t.conf:3: 'status' is 200; write 301 to 308"},
	{PORTS ROUTES "{ direct: { body = \"x\"; }; }" ROUTES_END,
	 "t.conf:3: direct without 'status'; write the status of the answer: status = 200"},
	{PORTS ROUTES "{ direct: { status = 200; }; rewrite = \"/x\"; }" ROUTES_END,
	 "t.conf:3: route that rewrites what it doesn't forward; leave 'rewrite' and 'authority' "
	 "out"},
	{PORTS ROUTES "{ cluster = \"c\"; rewrite = \"x\"; }" ROUTES_END,
	 "t.conf:3: 'rewrite' begins without '/'; write '/' first"},
	{PORTS ROUTES "{ cluster = \"c\"; retry_on = \"5xx,4xx\"; }" ROUTES_END,
	 "t.conf:3: 'retry_on': '4xx' is no condition for a retry; write connect-failure, reset, "
	 "5xx, "
	 "gateway-error, retriable-4xx or at most 8 codes from 200 to 599"},
	{PORTS ROUTES "{ cluster = \"c\"; retries = 11; }" ROUTES_END,
	 "t.conf:3: 'retries' is 11; write 0 to 10"},
	{PORTS ROUTES "{ clusters = ( { name = \"c\"; } ); }" ROUTES_END,
	 "t.conf:3: entry of clusters without 'weight'; write its share: weight = 90"},
	{PORTS ROUTES "{ clusters = (); }" ROUTES_END,
	 "t.conf:3: 'clusters' is empty; write at least 1"},
	{PORTS "clusters = ( { name = \"c\"; } );",
	 "t.conf:2: cluster without 'endpoints'; write its members: endpoints = "
	 "[\"10.10.1.13:80\"], or ( \"...\", { ... } )"},
	{PORTS "clusters = ( { name = \"c\"; policy = \"round-robin\"; endpoints = []; } );",
	 "t.conf:2: 'policy' is \"round-robin\"; did you mean 'round_robin'?"},
	{PORTS "clusters = ( { name = \"c\"; endpoints = [\"10.0.0.5\"]; } );",
	 "t.conf:2: endpoint: '10.0.0.5' is not an address with a port; write e.g. 10.0.0.1:80 or "
	 "[2001:db8::1]:80"},
	{PORTS "clusters = ( { name = \"c\"; endpoints = [\"10.0.0.5:80\", \"10.0.0.5:80\"]; } );",
	 "t.conf:2: endpoint '10.0.0.5:80' is written twice; write it once, with a weight"},
	{PORTS "clusters = ( { name = \"c\"; policy = \"maglev\"; endpoints = [\"10.0.0.5:80\"]; "
	       "} );\n",
	 "t.conf:2: cluster 'c' hashes nothing; write e.g. hash: { header = \"x-user\"; };"},
	{PORTS
	 "clusters = ( { name = \"c\"; hash: { header = \"h\"; }; endpoints = [\"10.0.0.5:80\"]; "
	 "} );\n",
	 "t.conf:2: cluster 'c' has a hash, which policy \"least_request\" doesn't look at; write "
	 "policy = \"maglev\""},
	{PORTS "clusters = ( { name = \"c\"; policy = \"maglev\"; hash: { header = \"h\"; query = "
	       "\"q\"; }; endpoints = [\"10.0.0.5:80\"]; } );\n",
	 "t.conf:2: 'hash' looks at several things; write one of header, cookie, query and "
	 "address"},
	{PORTS
	 "clusters = ( { name = \"c\"; warmup: { from = 0; }; endpoints = [\"10.0.0.5:80\"]; } "
	 ");\n",
	 "t.conf:2: 'from' is 0; write 1 to 100"},
	{PORTS
	 "clusters = ( { name = \"c\"; health_check: { kind = \"tcp\"; path = \"/\"; }; endpoints "
	 "= [\"10.0.0.5:80\"]; } );\n",
	 "t.conf:2: 'health_check' of kind tcp asks for nothing; leave path, host and statuses "
	 "out"},
	{PORTS "clusters = ( { name = \"c\"; health_check: { path = \"/a b\"; }; endpoints = "
	       "[\"10.0.0.5:80\"]; } );\n",
	 "t.conf:2: 'path' has a blank or a byte that can't be in a request; write it encoded"},
	{PORTS "clusters = ( { name = \"c\"; health_check: { statuses = [\"20x\"]; }; endpoints = "
	       "[\"10.0.0.5:80\"]; } );\n",
	 "t.conf:2: status \"20x\" is none; write e.g. \"200\" or \"200-299\""},
	{PORTS "clusters = ( { name = \"c\"; endpoints = ( { address = \"10.0.0.5:80\"; weight = "
	       "65537; } ); } );",
	 "t.conf:2: 'weight' is 65537; write 0 to 65536"},
	{PORTS
	 "clusters = ( { name = \"c\"; endpoints = (); }, { name = \"c\"; endpoints = (); } );",
	 "t.conf:2: cluster 'c' is defined twice; give this one another name"},
	{PORTS "clusters = ( { name = \"c\"; connect_timeout = 0; endpoints = (); } );",
	 "t.conf:2: 'connect_timeout' is \"0\"; write 1ms to 86400s"},
	{PORTS "services = ( { name = \"s\"; address = \"10.9.0.1\"; port = 53; source = \"us\"; "
	       "cluster = \"c\"; } );",
	 "t.conf:2: 'source' is \"us\"; write one of: box, client"},
	{PORTS "services = ( { name = \"s\"; address = \"10.9.0.1\"; cluster = \"c\"; } );",
	 "t.conf:2: service 's': write address and port, or node_port alone"},
	{PORTS "services = ( { name = \"s\"; address = \"10.9.0.1\"; port = 53; } );",
	 "t.conf:2: service 's' leads nowhere; write listener or cluster"},
	{PORTS "services = ( { name = \"s\"; address = \"10.9.0.1\"; port = 53; cluster = \"c\"; "
	       "listener = \"w\"; } );",
	 "t.conf:2: service 's' leads to two places; write listener or cluster"},
	{PORTS
	 "services = ( { name = \"s\"; node_port = 53; protocol = \"udp\"; listener = \"w\"; } );",
	 "t.conf:2: service 's' leads udp to a listener; write a cluster"},
	{PORTS
	 "services = ( { name = \"s\"; address = \"0.0.0.0\"; port = 53; cluster = \"c\"; } );",
	 "t.conf:2: service 's' at the address of nobody; write an address, or node_port"},
	{PORTS "services = ( { name = \"s\"; address = \"10.0.0.1\"; node_port = 53; cluster = "
	       "\"c\"; } );",
	 "t.conf:2: service 's' has a node port at one address; write 0.0.0.0, ::, or no address"},
	{PORTS
	 "services = ( { name = \"s\"; node_port = 53; protocol = \"sctp\"; cluster = \"c\"; } );",
	 "t.conf:2: 'protocol' is \"sctp\"; write one of: tcp, udp"},
	{PORTS "services = ( { name = \"s\"; node_port = 53; cluster = \"c\"; },\n"
	       "{ name = \"s\"; node_port = 54; cluster = \"c\"; } );",
	 "t.conf:3: service 's' is defined twice; give this one another name"},
	{PORTS ROUTES "{ redirect: { status = 302; }; }" ROUTES_END,
	 "t.conf:3: redirect to the same place; write host or path"},
	{PORTS "gateway = = \"10.0.0.2\";",
	 "t.conf:2: = found; expected a value here: a \"text\", a number, true, false, { group }, "
	 "( list ) or [ array ]"},
	{PORTS "gateway = ;", "t.conf:2: ; found; expected a value here: a \"text\", a number, "
			      "true, false, { group }, ( list ) or [ array ]"},
	{PORTS "\"gateway\" = 5;", "t.conf:2: \"gateway\" found; expected a key here; settings are "
				   "written name = value; with a ';' behind each"},
	{PORTS "gateway = \"10.0.0.2\" 5;", "t.conf:2: 5 found; expected a key here; settings are "
					    "written name = value; with a ';' behind each"},
	{PORTS "manifests = [\"a\" 5];", "t.conf:2: 5 found; expected ',' or ']' here"},
	{PORTS "manifests = [\"a\", 5];",
	 "t.conf:2: 5 found; expected another element here, of the kind that stands there: a "
	 "\"text\", a number, true, false; in ( ) also { group }"},
	{PORTS "manifests = [\"a\",];",
	 "t.conf:2: ] found; expected another element here, of the kind that stands there: a "
	 "\"text\", a number, true, false; in ( ) also { group }"},
	{PORTS "manifests = [{ }];",
	 "t.conf:2: { found; expected another element here, of the kind that stands there: a "
	 "\"text\", a number, true, false; in ( ) also { group }"},
	{PORTS "manifests = (\"a\"};",
	 "t.conf:2: } found; expected ')' here, for the '(' that is open since line 2"},
	{PORTS "workers: { count = 1; ));",
	 "t.conf:2: ) found; expected '}' here, for the '{' that is open since line 2"},
	{PORTS "workers: { count = 1;",
	 "t.conf:3: the file ends; expected '}' here, for the '{' that is open since line 2"},
	{PORTS "};", "t.conf:2: } found; expected no bracket here: none is open"},
	{PORTS "workers: { true = 1; };", "t.conf:2: true found; expected a key here; settings are "
					  "written name = value; with a ';' behind each"},
	{PORTS "limits: { pool_idle_max = 1.2.3; };",
	 "t.conf:2: '1.2.3' is not a number; write digits only, or quotes around a text with a "
	 "unit, such as \"10s\""},
	{PORTS "limits: { pool_idle_max = 5L; };",
	 "t.conf:2: '5L' is not a number; write digits only, or quotes around a text with a unit, "
	 "such as \"10s\""},
	{PORTS "instance = 'x';", "t.conf:2: ''' begins nothing; write texts in \"quotes\""},
	{PORTS "_x = 1;", "t.conf:2: '_' begins nothing; write texts in \"quotes\""},
	{"ports = ( { name = \"a\"; kind = \"pci\"; device = \"0000:03:00\"; } );",
	 "t.conf:1: port 'a' of kind pci needs a PCI address; write device = \"0000:03:00.0\""},
	{"ports = ( { name = \"a\"; kind = \"pci\"; device = \"03:00.0,x=y\"; } );",
	 "t.conf:1: port 'a' of kind pci needs a PCI address; write device = \"0000:03:00.0\""},
	{PORTS "clusters = ( { name = "
	       "\"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
	       "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
	       "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
	       "nnnnnnn\"; endpoints = (); } );",
	 "t.conf:2: 'name' is longer than 253 bytes; write a shorter one"},
	{PORTS "listeners = ( { name = \"w\"; port = 80; hosts = ( { domains = "
	       "[\"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
	       "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
	       "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
	       "dddddddd\"]; } ); } );",
	 "t.conf:2: domain "
	 "\"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd...\" is "
	 "longer than 253 bytes; write a name"},
	{0},
};
