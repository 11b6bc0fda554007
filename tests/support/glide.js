// Stand-ins of the ServiceNow classes the script uses; one world per case.
function makeWorld(given) {
  const world = {
    tokenRequests: [], calls: [], waits: [], lines: [], errors: [], infos: [], kept: null,
    redirected: false,
  };
  const take = (answers) => (answers.length > 1 ? answers.shift() : answers[0]);
  const tables = given.tables;

  world.GlideRecord = function (table) {
    let rows = tables[table] || [], wanted = [], current = null;
    this.addQuery = (field, value) => { wanted.push([field, value]); };
    this.setLimit = () => {};
    this.query = () => {
      rows = rows.filter((row) => wanted.every(([field, value]) => row[field] === value));
    };
    this.next = () => { current = rows.shift() || null; return current !== null; };
    this.getValue = (field) => (current[field] === undefined ? null : current[field]);
    this.getUniqueValue = () => current.sys_id;
  };

  function tokenOf(answer) {
    const body = answer && typeof answer.body === 'object' ? answer.body : {};
    return {
      getAccessToken: () => (answer && answer.status === 200 ? body.access_token || null : null),
      getExpiresIn: () => Number(body.expires_in || 0),
    };
  }
  world.sn_auth = {
    GlideOAuthClientRequest: function () {
      this.sent = {};
      this.setGrantType = (value) => { this.sent.grant_type = value; };
      this.setScope = (value) => { this.sent.scope = value; };
      this.setParameter = (name, value) => { this.sent[name] = value; };
    },
    GlideOAuthClient: function () {
      this.getToken = () => world.kept;
      this.requestTokenByRequest = (_name, request) => {
        world.tokenRequests.push(request.sent);
        const answer = take(given.tokens);
        if (answer.status === 0) throw new Error('Connection refused');
        world.kept = tokenOf(answer);
        return {
          getToken: () => world.kept,
          getErrorMessage: () => (answer.body && answer.body.error_description) || 'no token',
        };
      };
    },
  };

  world.sn_ws = {
    RESTMessageV2: function () {
      const call = { headers: {} };
      this.setEndpoint = (url) => { call.url = url; };
      this.setHttpMethod = (method) => { call.method = method; };
      this.setHttpTimeout = (ms) => { call.timeout = ms; };
      this.setRequestHeader = (name, value) => {
        if (typeof value !== 'string') throw new Error(name + ' is no text');
        call.headers[name] = value;
      };
      this.setRequestBody = (text) => { call.body = JSON.parse(text); };
      this.execute = () => {
        world.calls.push(call);
        const key = call.method.toUpperCase() + ' ' + call.url.replace(given.base, '');
        const answer = (given.routes || {})[key] || take(given.calls);
        if (answer.status === 0 && given.throws) throw new Error('No route to host');
        const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
        return {
          getStatusCode: () => answer.status,
          getBody: () => (answer.body === undefined || answer.body === null ? '' : text),
          getHeader: (name) => (answer.headers || {})[name] || null,
          getErrorMessage: () => (answer.status ? '' : 'No route to host'),
        };
      };
    },
  };

  world.gs = {
    getProperty: (name) => given.properties[name] || '',
    getUserName: () => 'it.agent',
    getUserDisplayName: () => 'Robin Fields',
    getUser: () => ({ getEmail: () => 'it.agent@example.com' }),
    hasRole: (name) => given.roles.includes(name),
    sleep: (ms) => { world.waits.push(ms / 1000); },
    logError: (message, source) => { world.lines.push({ message, source }); },
    addErrorMessage: (text) => { world.errors.push(text); },
    addInfoMessage: (text) => { world.infos.push(text); },
    generateGUID: () => '0123456789abcdef0123456789abcdef',
  };
  world.Class = { create: () => function () { this.initialize.apply(this, arguments); } };
  world.action = { setRedirectURL: () => { world.redirected = true; } };
  world.incident = {
    getUniqueValue: () => given.incident.sys_id,
    getValue: (field) => given.incident[field] || null,
  };
  return world;
}

const NAMES = ['Class', 'GlideRecord', 'sn_auth', 'sn_ws', 'gs', 'action', 'current'];

function runIn(world, code) {
  // Strict, as nothing of it may lean on what the platform would define silently.
  const make = new Function(...NAMES, '"use strict";\n' + code);
  const values = NAMES.map((name) => (name === 'current' ? world.incident : world[name]));
  return make(...values);
}

window.callConnector = (given) => {
  const world = makeWorld(given);
  const code = given.script + '\nreturn new M365SupportConnector();';
  const connector = runIn(world, code);
  const result = connector[given.method](...given.args.map((one) => (one === '$incident' ? world.incident : one)));
  return { result, ...seen(world) };
};

window.runAction = (given) => {
  const world = makeWorld(given);
  runIn(world, given.script + '\n' + given.action);
  return seen(world);
};

function seen(world) {
  const { tokenRequests, calls, waits, lines, errors, infos, redirected } = world;
  return { tokenRequests, calls, waits, lines, errors, infos, redirected };
}
