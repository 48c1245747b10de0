/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice.conf to the box, to what control needs, and to the model. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/source_dir.h"
#include "dump.h"
#include "sl_conf.h"

#define PORTS "ports = ( { name = \"a\"; kind = \"null\"; addresses = [\"10.0.0.1/24\"]; } );\n"

static struct sl_conf *read_ok(const char *path)
{
	struct sl_conf *conf = NULL;
	struct sl_err err = {{0}};

	if (sl_conf_read(&conf, path, &err) < 0)
		fail_msg("%s", err.text);
	return conf;
}

static struct sl_conf *text_ok(const char *text)
{
	struct sl_conf *conf = NULL;
	struct sl_err err = {{0}};

	if (sl_conf_read_text(&conf, "t.conf", text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
	return conf;
}

static void defaults(void **state)
{
	struct sl_conf *conf = text_ok(PORTS "instance = \"x\";");
	const struct sl_conf_control *c = sl_conf_control(conf);
	const struct sl_conf_box *b = sl_conf_box(conf);

	assert_string_equal(b->instance, "x");
	assert_int_equal(b->workers, 1);
	assert_int_equal(b->cpu[0], -1);
	assert_int_equal(b->cpu[1], -1);
	assert_false(b->busy_poll);
	assert_int_equal(b->hugepages, SL_HUGE_AUTO);
	assert_int_equal(b->memory_mb, 512);
	assert_int_equal(b->nat_sessions, 65536);
	assert_int_equal(b->client_conns, 1024);
	assert_int_equal(b->line_bytes, 8192);
	assert_int_equal(b->retry_body_bytes, 65536);
	assert_int_equal(b->mirrors, 1024);
	assert_int_equal(b->mirror_ms, 60000);
	assert_int_equal(b->body_rate, 500);
	assert_true(b->websocket);
	assert_int_equal(b->head_timeout_ms, 10000);
	assert_int_equal(b->idle_timeout_ms, 3600000);
	assert_int_equal(b->n_ports, 1);
	assert_int_equal(b->n_routes, 0);
	assert_int_equal(b->port[0].mtu, 1500);
	assert_false(b->port[0].has_mac);
	assert_string_equal(b->log_file, "/var/log/sluice/x.log");
	assert_string_equal(b->server_name, "istio-envoy");
	assert_string_equal(c->socket, "/run/sluice/x.sock");
	assert_string_equal(c->state_dir, "/var/lib/sluice/x");
	assert_string_equal(c->cache_dir, "/var/lib/sluice/x/cache");
	assert_string_equal(c->access_log, "");
	assert_int_equal(b->log_heads, 64);
	assert_int_equal(c->n_manifests, 0);
	sl_conf_free(conf);
}

/* What every_key reads. */
static const char all_keys[] =
	"workers: { cpus = [3, 5]; main_cpu = 2; busy_poll = true; };\n"
	"memory: { hugepages = \"no\"; size = \"1G\"; mbufs = 0x1000; };\n"
	"log: { file = \"/l\"; access = \"-\"; heads = 7; };\n"
	"ports = ( { name = \"a\"; kind = \"pci\"; device = \"0000:03:00.1\"; mtu = 2030;\n"
	"            mac = \"02:00:00:00:00:09\"; vlan = 7;\n"
	"            addresses = [\"10.0.0.1/24\", \"2001:db8::1/64\"]; } );\n"
	"gateway = \"10.0.0.254\";\n"
	"routes = ( { to = \"2001:db8:1::/48\"; via = \"2001:db8::9\"; } );\n"
	"control: { socket = \"/s\"; state = \"/t\"; cache = \"/c\"; };\n"
	"limits: { nat_sessions = 2048; tcp_connections = 128; tcp_buffer = \"2M\"; "
	"pool_idle_max = 1;\n"
	"  endpoint_connections = 2; client_connections = 3; client_rate = 4; client_burst "
	"= 5;\n"
	"  requests_per_connection = 6; request_line = \"4K\"; request_head = \"16K\";\n"
	"  request_headers = 7; request_body = \"5G\"; retry_body = 0; mirrors = 9; body_rate = 8; "
	"};\n"
	"timeouts: { head = \"1ms\"; idle = \"2s\"; stream_idle = \"3m\"; pool_idle = "
	"\"4h\"; body = \"5s\"; request = \"6s\"; stream = \"7s\"; mirror = \"9s\"; drain = "
	"\"8s\"; "
	"tcp_keepalive = \"90s\"; tcp_user = \"30s\"; };\n"
	"http: { server = \"me\"; trusted_hops = 2; http_10 = \"refuse\"; websocket = "
	"false; path_normalization = \"decode_and_merge_slashes\"; };\n"
	"manifests = [\"/abs\", \"rel\"];\n";

static void is_box(const struct sl_conf_box *b)
{
	assert_int_equal(b->workers, 2);
	assert_int_equal(b->cpu[0], 2);
	assert_int_equal(b->cpu[1], 3);
	assert_int_equal(b->cpu[2], 5);
	assert_int_equal(b->cpu[3], -1);
	assert_true(b->busy_poll);
	assert_int_equal(b->hugepages, SL_HUGE_NO);
	assert_int_equal(b->memory_mb, 1024);
	assert_int_equal(b->mbufs, 0x1000);
	assert_string_equal(b->log_file, "/l");
}

static void is_ports(const struct sl_conf_box *b)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	char text[SL_IP_TEXT_MAX];

	assert_string_equal(b->port[0].kind, "pci");
	assert_string_equal(b->port[0].device, "0000:03:00.1");
	assert_int_equal(b->port[0].mtu, 2030);
	assert_int_equal(b->port[0].vlan, 7);
	assert_true(b->port[0].has_mac);
	assert_memory_equal(b->port[0].mac, mac, 6);
	assert_int_equal(b->port[0].n_addrs, 2);
	assert_int_equal(b->port[0].addr[0].len, 96 + 24);
	assert_int_equal(b->port[0].addr[1].len, 64);
	assert_int_equal(b->n_routes, 2);
	assert_int_equal(b->route[0].to.len, 96);
	assert_string_equal(sl_ip_format(&b->route[0].via, text), "10.0.0.254");
	assert_int_equal(b->route[1].to.len, 48);
}

static void is_limits(const struct sl_conf_box *b)
{
	assert_int_equal(b->nat_sessions, 2048);
	assert_int_equal(b->tcp_conns, 128);
	assert_int_equal(b->pool_idle_max, 1);
	assert_int_equal(b->tcp_buffer_mb, 2);
	assert_int_equal(b->tcp_keepalive_ms, 90000);
	assert_int_equal(b->tcp_user_ms, 30000);
	assert_int_equal(b->endpoint_conns, 2);
	assert_int_equal(b->client_conns, 3);
	assert_int_equal(b->client_rate, 4);
	assert_int_equal(b->client_burst, 5);
	assert_int_equal(b->conn_requests, 6);
	assert_int_equal(b->line_bytes, 4096);
	assert_int_equal(b->head_bytes, 16384);
	assert_int_equal(b->head_fields, 7);
	assert_int_equal(b->body_bytes, UINT64_C(5) << 30);
	assert_int_equal(b->retry_body_bytes, 0);
	assert_int_equal(b->mirrors, 9);
	assert_int_equal(b->mirror_ms, 9000);
	assert_int_equal(b->body_rate, 8);
	assert_int_equal(b->body_rate_ms, 5000);
	assert_int_equal(b->request_ms, 6000);
	assert_int_equal(b->stream_ms, 7000);
	assert_int_equal(b->drain_ms, 8000);
	assert_int_equal(b->head_timeout_ms, 1);
	assert_int_equal(b->idle_timeout_ms, 2000);
	assert_int_equal(b->stream_idle_ms, 180000);
	assert_int_equal(b->pool_idle_ms, 14400000);
}

static void is_http(const struct sl_conf_box *b)
{
	assert_int_equal(b->log_heads, 7);
	assert_int_equal(b->http10, 1);
	assert_false(b->websocket);
	assert_string_equal(b->server_name, "me");
	assert_int_equal(b->xff_trusted_hops, 2);
	assert_int_equal(sl_conf_path_rules(b).normalize, SL_HTTP_NORM_MERGE);
	assert_int_equal(sl_conf_path_rules(b).slashes, SL_HTTP_SLASHES_UNESCAPE);
}

static void is_control(const struct sl_conf_control *c)
{
	assert_string_equal(c->socket, "/s");
	assert_string_equal(c->state_dir, "/t");
	assert_string_equal(c->cache_dir, "/c");
	assert_string_equal(c->access_log, "-");
	assert_int_equal(c->n_manifests, 2);
	assert_string_equal(c->manifest[0], "/abs");
	assert_string_equal(c->manifest[1], "rel");
}

static void every_key(void **state)
{
	struct sl_conf *conf = text_ok(all_keys);
	const struct sl_conf_box *b = sl_conf_box(conf);

	is_box(b);
	is_ports(b);
	is_limits(b);
	is_http(b);
	is_control(sl_conf_control(conf));
	sl_conf_free(conf);
}

static void is_model(const struct sl_conf *conf, bool manifests, const char *want)
{
	const struct sl_conf_box *b = sl_conf_box(conf);
	struct sl_objects *set = sl_objects_create();
	struct sl_model *model = sl_model_create();
	struct sl_err err = {{0}};
	char *got;
	int e;

	e = sl_conf_model(conf, model, &err);
	for (uint16_t i = 0; e == 0 && manifests && i < sl_conf_control(conf)->n_manifests; i++)
		e = sl_objects_read(set, sl_conf_control(conf)->manifest[i], &err);
	/* The second port is the backend side in all examples. */
	if (e == 0)
		e = sl_objects_model(set, b->port[1].addr, b->port[1].n_addrs, model, &err);
	if (e == 0)
		e = sl_model_check(model, &err);
	if (e)
		fail_msg("%s", err.text);
	got = dump_model(model);
	assert_string_equal(got, want);
	free(got);
	sl_model_free(model);
	sl_objects_free(set);
}

static void the_scenario(void **state)
{
	struct sl_conf *conf = read_ok(SL_SOURCE_DIR "/config/examples/scenario.conf");

	is_model(conf, true,
		 "listener 0.0.0.0_8080 0.0.0.0:8080 http.8080\n"
		 "table http.8080\n"
		 "   vhost simple.baihl.io:80 [simple.baihl.io]\n"
		 "      route exact /simple/httpserver vs=simple.simple rewrite path=/hello -> "
		 "outbound|80||simple.simple.svc.cluster.local*100\n"
		 "      route prefix /simple/nginx vs=simple.simple rewrite prefix=/ -> "
		 "outbound|80||nginx.simple.svc.cluster.local*100\n"
		 "cluster outbound|80||simple.simple.svc.cluster.local EDS least_request "
		 "10.10.1.13:80\n"
		 "cluster outbound|80||nginx.simple.svc.cluster.local EDS least_request "
		 "10.10.1.14:80\n"
		 "service istio-system/istio-ingressgateway:http2 cluster_ip 10.96.190.18:80 tcp "
		 "listener=0.0.0.0_8080\n"
		 "service istio-system/istio-ingressgateway:http2 node_port 0.0.0.0:31373 tcp "
		 "listener=0.0.0.0_8080\n"
		 "service istio-system/istio-ingressgateway:https cluster_ip 10.96.190.18:443 tcp\n"
		 "service istio-system/istio-ingressgateway:https node_port 0.0.0.0:31860 tcp\n");
	sl_conf_free(conf);
}

static void the_scenario_natively(void **state)
{
	struct sl_conf *conf = read_ok(SL_SOURCE_DIR "/config/examples/native.conf");

	is_model(conf, true,
		 "listener web 0.0.0.0:8080 http.8080\n"
		 "table http.8080\n"
		 "   vhost simple.baihl.io:80 [simple.baihl.io]\n"
		 "      route exact /simple/httpserver rewrite path=/hello -> httpserver*100\n"
		 "      route prefix /simple/nginx rewrite prefix=/ -> nginx*100\n"
		 "cluster httpserver STATIC least_request 10.10.1.13:80\n"
		 "cluster nginx STATIC least_request 10.10.1.14:80\n"
		 "service vip native 10.96.190.18:80 tcp listener=web\n"
		 "service node node_port 0.0.0.0:31373 tcp listener=web\n");
	sl_conf_free(conf);
}

/* The reference example says every native thing there is. */
static void the_reference_example(void **state)
{
	struct sl_conf *conf = read_ok(SL_SOURCE_DIR "/config/sluice.conf");

	assert_string_equal(sl_conf_control(conf)->manifest[0],
			    SL_SOURCE_DIR "/config/examples/scenario");
	is_model(conf, false,
		 "listener web 0.0.0.0:8081 http.8081\n"
		 "listener database 0.0.0.0:5432 tcp.5432\n"
		 "table http.8081\n"
		 "   vhost www.example.com:8081 [www.example.com *.example.org]\n"
		 "      route exact /greeting name=hello rewrite path=/hello -> web-v1*100\n"
		 "      route prefix /app/ rewrite prefix=/ authority=app.internal timeout=5000 "
		 "retry_on=connect-failure,reset,retriable-status-codes=503 per_try=2000 -> "
		 "web-v1*90 -> web-v2*10\n"
		 "      route regex /old/[0-9]+ redirect=301,www.example.com,/new\n"
		 "      route prefix / direct=200,nothing here\n\n"
		 "table tcp.5432\n"
		 "   vhost database [*]\n"
		 "      route prefix / name=database -> db-a*80 -> db-b*20\n"
		 "cluster db-a STATIC least_request 10.10.1.30:5432\n"
		 "cluster db-b STATIC least_request 10.10.1.31:5432\n"
		 "cluster web-v1 STATIC least_request connect=2000 connections=10000 pending=1000 "
		 "requests=10000 retries=100 idle=60000 budget=2000,3 warmup=30000,10%,1000 "
		 "eject=5/0/0,10000,30000-300000,50% "
		 "check=http,web,/healthz,0,5000,1000,2,3,200-299 panic=30 "
		 "10.10.1.13:80 10.10.1.14:80\n"
		 "cluster web-v2 STATIC maglev hash=cookie:sluice-v2,3600s,/ 10.10.1.15:80 "
		 "10.10.1.16:80*2@eu/north 10.10.1.17:80^1 10.10.1.18:80!draining\n"
		 "cluster ring STATIC ring_hash hash=query:user "
		 "check=tcp,ring,/,80,5000,1000,2,3,200-200 10.10.1.15:80\n"
		 "cluster dns STATIC least_request 10.10.1.20:53\n"
		 "cluster media STATIC least_request 10.10.1.30:30000 10.10.1.31:30000\n"
		 "service vip native 10.96.190.19:80 tcp listener=web\n"
		 "service node node_port 0.0.0.0:31374 tcp listener=web\n"
		 "service dns native 10.96.0.10:53 udp cluster=dns\n"
		 "service media native 10.96.0.20:20000-20100 udp cluster=media client "
		 "affinity=10800 sources=192.0.2.0/24,198.51.100.7/32\n");
	sl_conf_free(conf);
}

/* doc/sluice.conf.md is what the tables say; write it anew when they change. */
static void the_manual(void **state)
{
	char *want = sl_conf_reference();
	FILE *f = fopen(SL_SOURCE_DIR "/doc/sluice.conf.md", "r");
	char *got = calloc(1, 65536);

	assert_non_null(f);
	assert_non_null(got);
	assert_true(fread(got, 1, 65535, f) > 0);
	fclose(f);
	assert_string_equal(got, want);
	free(got);
	free(want);
}

static void faults(void **state)
{
	struct sl_conf *conf = text_ok(
		"ports = ( { name = \"a\"; kind = \"null\"; },\n"
		"  { name = \"b\"; kind = \"null\"; fault: { seed = 9; rx: { loss = \"1%\"; };\n"
		"    tx: { duplicate = \"2%\"; corrupt = \"0.03%\"; reorder = \"4%\"; reorder_by = "
		"5;\n"
		"      reorder_time = \"6ms\"; delay = \"8ms\"; jitter = \"7ms\"; }; }; },\n"
		"  { name = \"c\"; kind = \"null\"; fault: { rx: { delay = \"1ms\"; }; }; } );\n");
	const struct sl_conf_port *p = sl_conf_box(conf)->port;
	static const struct sl_conf_fault none;
	const struct sl_conf_fault_rates tx = {.duplicate = 200,
					       .corrupt = 3,
					       .reorder = 400,
					       .reorder_by = 5,
					       .reorder_time_ms = 6,
					       .delay_ms = 8,
					       .jitter_ms = 7};

	assert_memory_equal(&p[0].fault, &none, sizeof(none));
	assert_true(p[1].fault.on);
	assert_int_equal(p[1].fault.seed, 9);
	assert_int_equal(p[1].fault.rx.loss, 100);
	assert_int_equal(p[1].fault.rx.duplicate, 0);
	assert_int_equal(p[1].fault.rx.reorder_by, 3);
	assert_int_equal(p[1].fault.rx.reorder_time_ms, 10);
	assert_memory_equal(&p[1].fault.tx, &tx, sizeof(tx));
	assert_true(p[2].fault.on);
	assert_int_equal(p[2].fault.seed, 1);
	assert_int_equal(p[2].fault.rx.delay_ms, 1);
	assert_int_equal(p[2].fault.tx.delay_ms, 0);
	sl_conf_free(conf);
}

static char dir[] = "/tmp/sl_conf_XXXXXX";

static const char *put(const char *name, const char *text)
{
	static char path[2][256];
	static int turn;
	char *p = path[turn ^= 1];
	FILE *f;

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	f = fopen(p, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return p;
}

/* Lines of messages are those of the file, not of the whole text. */
static void includes(void **state)
{
	struct sl_conf *conf = NULL;
	char want[512];
	struct sl_err err;
	const char *path;

	put("ports.conf", "# comment\n" PORTS);
	put("limits.conf", "limits: {\n  pool_idle_max = 3;\n};");
	path = put("main.conf",
		   "instance = \"i\"; /* a\n@include \"no\"\n*/\n"
		   "@include \"ports.conf\"\n  @include \"limits.conf\"  \n"
		   "log: { access = \"a\n@include b\"; };\nworkers: { count = 2; };\n");
	conf = read_ok(path);
	assert_int_equal(sl_conf_box(conf)->pool_idle_max, 3);
	assert_int_equal(sl_conf_box(conf)->workers, 2);
	assert_string_equal(sl_conf_control(conf)->access_log, "a\n@include b");
	sl_conf_free(conf);

	put("limits.conf", "limits: {\n  pool_idle_max = 0;\n};");
	assert_int_equal(sl_conf_read(&conf, path, &err), -EINVAL);
	snprintf(want, sizeof(want), "%s/limits.conf:2: 'pool_idle_max' is 0; write 1 to 65535",
		 dir);
	assert_string_equal(err.text, want);

	path = put("main.conf", "@include \"ports.conf\"\n\nworkers: { count = 99; };\n");
	assert_int_equal(sl_conf_read(&conf, path, &err), -EINVAL);
	snprintf(want, sizeof(want), "%s/main.conf:3: 'count' is 99; write 0 to 32", dir);
	assert_string_equal(err.text, want);

	path = put("main.conf", "\n@include \"none.conf\"\n");
	assert_int_equal(sl_conf_read(&conf, path, &err), -ENOENT);
	snprintf(want, sizeof(want),
		 "%s/main.conf:2: @include of %s/none.conf: there is no such file", dir, dir);
	assert_string_equal(err.text, want);

	path = put("main.conf", "@include \"main.conf\"\n");
	assert_int_equal(sl_conf_read(&conf, path, &err), -EINVAL);
	snprintf(want, sizeof(want),
		 "%s/main.conf:1: @include nested too deeply; does a file include itself?", dir);
	assert_string_equal(err.text, want);
}

static void manifests_are_beside_the_file(void **state)
{
	struct sl_conf *conf = read_ok(put("main.conf", PORTS "manifests = [\"m\", \"/n\"];"));
	char want[256];

	snprintf(want, sizeof(want), "%s/m", dir);
	assert_string_equal(sl_conf_control(conf)->manifest[0], want);
	assert_string_equal(sl_conf_control(conf)->manifest[1], "/n");
	sl_conf_free(conf);
}

static void pci_addresses(void **state)
{
	sl_conf_free(
		text_ok("ports = ( { name = \"a\"; kind = \"pci\"; device = \"03:00.0\"; } );"));
	sl_conf_free(text_ok(
		"ports = ( { name = \"a\"; kind = \"pci\"; device = \"ABCD:3f:1e.7\"; } );"));
}

static void two_listeners_of_one_port(void **state)
{
	struct sl_conf *conf = text_ok(
		"ports = ( { name = \"a\"; kind = \"null\"; }, { name = \"b\"; kind = \"tap\"; } );"
		"listeners = ( { name = \"v4\"; port = 80; hosts = (); },"
		"{ name = \"v6\"; address = \"::\"; port = 80; hosts = ( { domains = [\"A.b\"]; } "
		"); } );");

	is_model(conf, false,
		 "listener v4 0.0.0.0:80 http.80\n"
		 "listener v6 [::]:80 http.80.v6\n"
		 "table http.80\n"
		 "table http.80.v6\n"
		 "   vhost a.b:80 [a.b]\n");
	sl_conf_free(conf);
}

static void dns_servers(void **state)
{
	struct sl_conf *conf =
		text_ok("ports = ( { name = \"a\"; kind = \"null\"; } );"
			"dns: { servers = [ \"192.0.2.53\", \"127.0.0.1:5353\", \"2001:db8::1\" ]; "
			"refresh_min = \"1s\"; addresses = 3; };");
	const struct sl_conf_dns *dns = &sl_conf_control(conf)->dns;

	assert_int_equal(dns->n_servers, 3);
	assert_int_equal(dns->server[0].port, 53);
	assert_int_equal(dns->server[1].port, 5353);
	assert_false(sl_ip_is_v4(&dns->server[2].ip));
	assert_int_equal(dns->refresh_min_ms, 1000);
	assert_int_equal(dns->refresh_max_ms, 300000);
	assert_int_equal(dns->timeout_ms, 2000);
	assert_int_equal(dns->names, SL_NAMES_DEFAULT);
	assert_int_equal(dns->addresses, 3);
	sl_conf_free(conf);
}

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"main.conf", "ports.conf", "limits.conf"};
	char path[256];

	for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(dns_servers),
		cmocka_unit_test(every_key),
		cmocka_unit_test(the_scenario),
		cmocka_unit_test(the_scenario_natively),
		cmocka_unit_test(the_reference_example),
		cmocka_unit_test(the_manual),
		cmocka_unit_test(faults),
		cmocka_unit_test(includes),
		cmocka_unit_test(manifests_are_beside_the_file),
		cmocka_unit_test(pci_addresses),
		cmocka_unit_test(two_listeners_of_one_port),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
