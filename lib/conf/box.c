/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads sluice.conf: the table of its top level, and what follows from it. */
#include "box.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "words.h"

#define CONTROL(field) SL_KEY_AT(struct sl_conf, control.field)
#define CPU_NUMBER_MAX 1023
#define WORKERS_MAX    (SL_CONF_CPUS_MAX - 1)

static const char *const huge_words[] = {"auto", "yes", "no", NULL};

static int cpu_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_conf_box *box = &((struct sl_conf *)dst)->box;
	int n = config_setting_index(s) + 1;

	if (config_setting_type(s) != CONFIG_TYPE_INT || config_setting_get_int(s) < 0 ||
	    config_setting_get_int(s) > CPU_NUMBER_MAX)
		return sl_reader_bad(r, s, "'cpus' holds what is no CPU; write numbers of 0 to %d",
				     CPU_NUMBER_MAX);
	for (int i = 1; i < n; i++)
		if (box->cpu[i] == config_setting_get_int(s))
			return sl_reader_bad(r, s,
					     "'cpus' names CPU %d twice; give each worker its own",
					     box->cpu[i]);
	box->cpu[n] = config_setting_get_int(s);
	return 0;
}

static const struct sl_key worker_keys[] = {
	{.name = "count",
	 .type = SL_KEY_INT,
	 BOX(workers),
	 0,
	 WORKERS_MAX,
	 "0",
	 .help = "Workers: lcores that move packets. 0: as many as `cpus` names, else 1."},
	{.name = "cpus",
	 .type = SL_KEY_EACH,
	 .max = WORKERS_MAX,
	 .read = cpu_read,
	 .help = "CPU of each worker, in order. Absent: CPUs the process may use, shared if few."},
	{.name = "main_cpu",
	 .type = SL_KEY_INT,
	 BOX(cpu[0]),
	 -1,
	 CPU_NUMBER_MAX,
	 "-1",
	 .help = "CPU of the main lcore (neighbours, slow path). -1: any."},
	{.name = "busy_poll",
	 .type = SL_KEY_BOOL,
	 BOX(busy_poll),
	 .def = "false",
	 .help = "Workers never sleep: lowest latency, a whole core each also when idle."},
	{0},
};

static const struct sl_key memory_keys[] = {
	{.name = "hugepages",
	 .type = SL_KEY_WORD,
	 BOX(hugepages),
	 .def = "auto",
	 .words = huge_words,
	 .help = "Packet memory in hugepages: auto takes them when enough are free."},
	{.name = "size",
	 .type = SL_KEY_SIZE,
	 BOX(memory_mb),
	 64,
	 1 << 20,
	 "512M",
	 .help = "Packet memory of all workers together."},
	{.name = "mbufs",
	 .type = SL_KEY_INT,
	 BOX(mbufs),
	 0,
	 1 << 26,
	 "0",
	 .help = "Packet buffers. 0: as many as fit."},
	{0},
};

static const struct sl_key log_keys[] = {
	{.name = "file",
	 .type = SL_KEY_TEXT,
	 BOX(log_file),
	 .min = 1,
	 .help = "Messages of DPDK and its drivers. Default /var/log/sluice/INSTANCE.log."},
	{.name = "access",
	 .type = SL_KEY_TEXT,
	 CONTROL(access_log),
	 .def = "",
	 .help = "Access log: a file, \"-\" for standard output, \"\" for none."},
	{.name = "format",
	 .type = SL_KEY_TEXT,
	 CONTROL(log_format),
	 .def = "istio",
	 .min = 1,
	 .help = "Of the access log: istio, json, combined, or a line with Envoy's operators."},
	{.name = "sample",
	 .type = SL_KEY_RATE,
	 BOX(log_sample),
	 .def = "100%",
	 .help = "Share of requests in the access log; routes can say their own."},
	{.name = "heads",
	 .type = SL_KEY_INT,
	 BOX(log_heads),
	 0,
	 1000,
	 "64",
	 .help = "Request heads a second and worker that `sluicectl apply --dry-run` and `explain "
		 "--last` look at. 0: none."},
	{0},
};

static const struct sl_key control_keys[] = {
	{.name = "socket",
	 .type = SL_KEY_TEXT,
	 CONTROL(socket),
	 .min = 1,
	 .help = "Unix socket of sluicectl. Default /run/sluice/INSTANCE.sock."},
	{.name = "state",
	 .type = SL_KEY_TEXT,
	 CONTROL(state_dir),
	 .min = 1,
	 .help = "Folder for what sluicectl applied. Default /var/lib/sluice/INSTANCE."},
	{.name = "cache",
	 .type = SL_KEY_TEXT,
	 CONTROL(cache_dir),
	 .min = 1,
	 .help = "Folder for compiled routes. Default STATE/cache."},
	{.name = "history",
	 .type = SL_KEY_INT,
	 CONTROL(history),
	 2,
	 1000,
	 "20",
	 .help = "Earlier configurations that are kept for `sluicectl rollback`."},
	{.name = "watch",
	 .type = SL_KEY_BOOL,
	 CONTROL(watch),
	 .def = "true",
	 .help = "Changes in `manifests` are taken up by themselves; false: by `sluicectl "
		 "reload`."},
	{0},
};

static const struct sl_key admin_keys[] = {
	{.name = "address",
	 .type = SL_KEY_TEXT,
	 CONTROL(admin_text[0]),
	 .def = "127.0.0.1:15000",
	 .help = "Envoy's admin interface, read-only: /clusters, /config_dump, /stats ...; \"\" "
		 "for "
		 "none."},
	{.name = "probe",
	 .type = SL_KEY_TEXT,
	 CONTROL(admin_text[1]),
	 .def = "127.0.0.1:15021",
	 .help = "Readiness: /healthz/ready; \"\" for none."},
	{.name = "prometheus",
	 .type = SL_KEY_TEXT,
	 CONTROL(admin_text[2]),
	 .def = "127.0.0.1:15090",
	 .help = "Metrics: /stats/prometheus; \"\" for none."},
	{0},
};

static int gateway_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_conf_box *box = &((struct sl_conf *)dst)->box;
	struct sl_conf_route *route = &box->route[box->n_routes];
	struct sl_err why;
	const char *text;
	int e = sl_reader_str(r, s, &text);

	if (e)
		return e;
	if (sl_ip_parse(text, &route->via, &why) < 0)
		return sl_reader_bad(r, s, "'gateway': %s", why.text);
	if (box->n_routes >= SL_CONF_ROUTES_MAX)
		return sl_reader_bad(r, s, "more than %d routes; write fewer", SL_CONF_ROUTES_MAX);
	sl_prefix_parse(sl_ip_is_v4(&route->via) ? "0.0.0.0/0" : "::/0", &route->to, NULL);
	box->n_routes++;
	return 0;
}

static int manifest_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_conf *conf = dst;
	char *to = conf->control.manifest[conf->control.n_manifests];
	size_t cap = sizeof(conf->control.manifest[0]);
	const char *text;
	int n, e = sl_reader_str(r, s, &text);

	if (e)
		return e;
	if (!*text)
		return sl_reader_bad(r, s,
				     "'manifests' holds an empty path; write a file or folder");
	n = snprintf(to, cap, "%s%s%s", *text == '/' ? "" : conf->dir,
		     *text == '/' || !*conf->dir ? "" : "/", text);
	if (n < 0 || (size_t)n >= cap)
		return sl_reader_bad(r, s, "'manifests': a path is longer than %zu bytes", cap - 1);
	conf->control.n_manifests++;
	return 0;
}

const struct sl_key sl_conf_root_keys[] = {
	{.name = "instance",
	 .type = SL_KEY_TEXT,
	 BOX(instance),
	 .def = "main",
	 .min = 1,
	 .help = "Name that keeps several gateways on one machine apart: A-Z a-z 0-9 _ -."},
	{.name = "node",
	 .type = SL_KEY_TEXT,
	 BOX(node),
	 .def = "",
	 .help = "Name of the box as a node of the cluster, for Services with traffic policy "
		 "Local. "
		 "Empty: it stands in front of the cluster, and every endpoint is local to it."},
	{.name = "workers",
	 .type = SL_KEY_GROUP,
	 .keys = worker_keys,
	 .help = "Who moves packets."},
	{.name = "memory", .type = SL_KEY_GROUP, .keys = memory_keys, .help = "Packet memory."},
	{.name = "log", .type = SL_KEY_GROUP, .keys = log_keys, .help = "Log files."},
	{.name = "ports",
	 .type = SL_KEY_EACH,
	 .min = 1,
	 .max = SL_CONF_PORTS_MAX,
	 .keys = sl_conf_port_keys,
	 .read = sl_conf_port_read,
	 .required = true,
	 .help = "the network ports: ports = ( { name = \"client\"; kind = \"af_packet\"; ... } )"},
	{.name = "gateway",
	 .type = SL_KEY_READ,
	 .read = gateway_read,
	 .help = "Default next hop: an address in a port's subnet."},
	{.name = "routes",
	 .type = SL_KEY_EACH,
	 .max = SL_CONF_ROUTES_MAX - 1,
	 .keys = sl_conf_route_keys,
	 .read = sl_conf_route_read,
	 .help = "Further routes; the longest prefix wins. A prefix written again has several "
		 "next hops, of which those that answer share its flows."},
	{.name = "control",
	 .type = SL_KEY_GROUP,
	 .keys = control_keys,
	 .help = "The control process."},
	{.name = "admin",
	 .type = SL_KEY_GROUP,
	 .keys = admin_keys,
	 .help = "Addresses that the control process serves to operators over HTTP."},
	{.name = "dns",
	 .type = SL_KEY_GROUP,
	 .keys = sl_conf_dns_keys,
	 .help = "How names that stand for endpoints are looked up."},
	{.name = "access",
	 .type = SL_KEY_EACH,
	 .max = SL_CONF_RULES_MAX,
	 .keys = sl_conf_rule_keys,
	 .read = sl_conf_rule_read,
	 .help = "Who may open sessions and connections to services; the first rule that fits "
		 "decides, and where none does, all may."},
	{.name = "snat",
	 .type = SL_KEY_EACH,
	 .max = SL_CONF_SNAT_MAX,
	 .read = sl_conf_snat_read,
	 .help = "Addresses of the box that L4 sessions may come from besides the one towards "
		 "their endpoint: each has 16384 ports to every endpoint."},
	{.name = "egress",
	 .type = SL_KEY_EACH,
	 .max = SL_CONF_EGRESS_MAX,
	 .keys = sl_conf_egress_keys,
	 .read = sl_conf_egress_read,
	 .help = "Hosts of the cluster side that reach the outside from addresses of the box (TCP, "
		 "UDP, ICMP echo); the first rule that fits decides."},
	{.name = "limits",
	 .type = SL_KEY_GROUP,
	 .keys = sl_conf_limit_keys,
	 .help = "What a worker holds."},
	{.name = "timeouts",
	 .type = SL_KEY_GROUP,
	 .keys = sl_conf_timeout_keys,
	 .help = "How long clients and endpoints may take."},
	{.name = "session_timeouts",
	 .type = SL_KEY_GROUP,
	 .keys = sl_conf_session_keys,
	 .help = "How long an L4 session lasts in silence, by its state."},
	{.name = "http",
	 .type = SL_KEY_GROUP,
	 .keys = sl_conf_http_keys,
	 .help = "HTTP behaviour."},
	{.name = "locality",
	 .type = SL_KEY_TEXT,
	 CONTROL(locality),
	 .def = "",
	 .help = "Where the box stands, \"region/zone/subzone\": near endpoints come first where "
		 "a DestinationRule has outlierDetection or says distribute."},
	{.name = "manifests",
	 .type = SL_KEY_EACH,
	 .max = 16,
	 .read = manifest_read,
	 .help = "Files and folders of Istio and Kubernetes YAML, relative to this file."},
	{.name = "listeners",
	 .type = SL_KEY_EACH,
	 .keys = sl_native_listener_keys,
	 .read = sl_native_listener_read,
	 .help = "HTTP listeners with their hosts and routes."},
	{.name = "clusters",
	 .type = SL_KEY_EACH,
	 .keys = sl_native_cluster_keys,
	 .read = sl_native_cluster_read,
	 .help = "Groups of endpoints that routes lead to."},
	{.name = "services",
	 .type = SL_KEY_EACH,
	 .keys = sl_native_service_keys,
	 .read = sl_native_service_read,
	 .help = "Virtual addresses and ports that are translated."},
	{0},
};

static int check_instance(struct sl_reader *r, const struct sl_conf *conf)
{
	const config_setting_t *s = config_lookup(&conf->cfg, "instance");

	for (const char *p = conf->box.instance; *p; p++)
		if (!((sl_lower(*p) >= 'a' && sl_lower(*p) <= 'z') || (*p >= '0' && *p <= '9') ||
		      *p == '_' || *p == '-'))
			return sl_reader_bad(r, s,
					     "'instance' has a byte that no name has; write A-Z, "
					     "a-z, 0-9, '_' and '-'");
	return 0;
}

/* Workers: as many as said, or as CPUs are named, or one. */
static int finish_workers(struct sl_reader *r, struct sl_conf *conf)
{
	const config_setting_t *s = config_lookup(&conf->cfg, "workers.cpus");
	int n = s ? config_setting_length(s) : 0;

	if (conf->box.workers == 0)
		conf->box.workers = n ? (uint16_t)n : 1;
	if (n && n != conf->box.workers)
		return sl_reader_bad(r, s, "'cpus' names %d CPUs for %u workers; name one a worker",
				     n, conf->box.workers);
	return 0;
}

/* Defaults that are made of the instance's name; each fits, for the name is 32 bytes at most. */
static void finish_paths(struct sl_conf *conf)
{
	struct sl_conf_control *c = &conf->control;
	const char *name = conf->box.instance;

	if (!*conf->box.log_file)
		snprintf(conf->box.log_file, sizeof(conf->box.log_file), "/var/log/sluice/%s.log",
			 name);
	if (!*c->socket)
		snprintf(c->socket, sizeof(c->socket), "/run/sluice/%s.sock", name);
	if (!*c->state_dir)
		snprintf(c->state_dir, sizeof(c->state_dir), "/var/lib/sluice/%s", name);
}

static int finish_cache(struct sl_reader *r, struct sl_conf *conf)
{
	struct sl_conf_control *c = &conf->control;
	int n;

	if (*c->cache_dir)
		return 0;
	n = snprintf(c->cache_dir, sizeof(c->cache_dir), "%s/cache", c->state_dir);
	if (n < 0 || (size_t)n >= sizeof(c->cache_dir))
		return sl_reader_bad(
			r, config_lookup(&conf->cfg, "control.state"),
			"'state' is too long to hold a folder 'cache'; write a shorter "
			"one");
	return 0;
}

static int finish_admin(struct sl_reader *r, struct sl_conf *conf)
{
	static const char *const keys[] = {"admin.address", "admin.probe", "admin.prometheus"};
	struct sl_conf_control *c = &conf->control;

	for (size_t i = 0; i < SL_ARRAY_LEN(keys); i++)
		if (*c->admin_text[i] && sl_ip_port_parse(c->admin_text[i], &c->admin[i], NULL) < 0)
			return sl_reader_bad(r, config_lookup(&conf->cfg, keys[i]),
					     "'%s' is no address with a port; write one such as "
					     "\"127.0.0.1:15000\", or \"\" for none",
					     keys[i]);
	return 0;
}

static int finish(struct sl_reader *r, struct sl_conf *conf)
{
	int e = check_instance(r, conf);

	if (e == 0)
		e = finish_workers(r, conf);
	if (e == 0)
		e = sl_conf_http_check(r, conf);
	if (e)
		return e;
	finish_paths(conf);
	e = finish_cache(r, conf);
	if (e == 0)
		e = finish_admin(r, conf);
	if (e == 0)
		e = sl_conf_dns_check(r, conf);
	if (e == 0)
		e = sl_conf_ports_check(r, conf);
	return e ? e : sl_conf_snat_check(r, conf);
}

static int syntax_error(const struct sl_conf *conf, struct sl_err *err)
{
	const char *what = config_error_text(&conf->cfg);
	int line;
	const char *file = sl_text_where(&conf->text, config_error_line(&conf->cfg), &line);

	if (strstr(what, "duplicate"))
		return sl_err(err, EINVAL, "%s:%d: a key written twice in one group; write it once",
			      file, line);
	return sl_err(err, EINVAL,
		      "%s:%d: %s at or before this line; settings are written name = value; with a "
		      "';' behind each, groups in { }, lists in ( )",
		      file, line, what);
}

/* Parses and reads all; the native part goes into a model of its own, only to be checked. */
static int read_all(struct sl_conf *conf, struct sl_err *err)
{
	struct sl_reader r = {.text = &conf->text, .err = err};
	int e;

	if (config_read_string(&conf->cfg, conf->text.buf) != CONFIG_TRUE)
		return syntax_error(conf, err);
	for (size_t i = 0; i < SL_ARRAY_LEN(conf->box.cpu); i++)
		conf->box.cpu[i] = -1;
	r.ctx = sl_model_create();
	if (!r.ctx)
		return sl_err(err, ENOMEM, "out of memory while sluice.conf was read");
	e = sl_keys_read(&r, sl_conf_root_keys, config_root_setting(&conf->cfg), "sluice.conf",
			 conf);
	if (e == 0)
		e = finish(&r, conf);
	sl_model_free(r.ctx);
	return e;
}

static int set_dir(struct sl_conf *conf, const char *path, struct sl_err *err)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (slash == path)
		n = 1;
	if (n >= sizeof(conf->dir))
		return sl_err(err, EINVAL, "%s: the path is longer than %zu bytes", path,
			      sizeof(conf->dir) - 1);
	memcpy(conf->dir, path, n);
	return 0;
}

/* Common end of both ways in: conf->text is filled, or e says why not. */
static int take(struct sl_conf **out, struct sl_conf *conf, const char *path, int e,
		struct sl_err *err)
{
	if (e == 0)
		e = set_dir(conf, path, err);
	if (e == 0)
		e = read_all(conf, err);
	if (e)
		sl_conf_free(conf);
	else
		*out = conf;
	return e;
}

static struct sl_conf *create(void)
{
	struct sl_conf *conf = calloc(1, sizeof(*conf));

	if (conf)
		config_init(&conf->cfg);
	return conf;
}

int sl_conf_read(struct sl_conf **out, const char *path, struct sl_err *err)
{
	struct sl_conf *conf;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return sl_err(err, ENOENT,
			      "%s: there is no such file; name the instance's sluice.conf "
			      "with -c FILE",
			      path);
	conf = create();
	if (!conf)
		return sl_err(err, ENOMEM, "out of memory while %s was read", path);
	return take(out, conf, path, sl_text_read(&conf->text, path, err), err);
}

int sl_conf_read_text(struct sl_conf **out, const char *name, const char *text, size_t len,
		      struct sl_err *err)
{
	struct sl_conf *conf = create();

	if (!conf)
		return sl_err(err, ENOMEM, "out of memory while %s was read", name);
	return take(out, conf, name, sl_text_set(&conf->text, name, text, len, err), err);
}

void sl_conf_free(struct sl_conf *conf)
{
	if (!conf)
		return;
	config_destroy(&conf->cfg);
	sl_text_free(&conf->text);
	free(conf);
}

const struct sl_conf_box *sl_conf_box(const struct sl_conf *conf)
{
	return &conf->box;
}

const struct sl_conf_control *sl_conf_control(const struct sl_conf *conf)
{
	return &conf->control;
}

int sl_conf_bad(const struct sl_conf *conf, const char *setting, const char *why,
		struct sl_err *err)
{
	struct sl_reader r = {.text = &conf->text, .err = err};
	const config_setting_t *s = config_lookup(&conf->cfg, setting);

	return sl_reader_bad(&r, s ? s : config_root_setting(&conf->cfg), "%s", why);
}
