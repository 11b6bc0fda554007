/**
 * Script include for a ServiceNow instance: calls the connector API of the security center.
 *
 * Name: M365SupportConnector. Application: Global. Client callable: no.
 * Accessible from: This application scope only. Paste this text into Script.
 *
 * It holds no secret: the address and the name of the OAuth profile are system
 * properties, the client secret lies in the Application Registry. README.txt beside this
 * file says what to create. Every method that calls returns an object:
 *
 *   body     what the connector answered, null where nothing came back
 *   message  what to show the agent, '' where nothing shows up or nothing is wrong
 *   detail   the reason, for the log and for administrators; never a secret
 *   repair   what the connector says should be done, '' where it says nothing
 *
 * Failures are written to the system log under the source x_mioms_m365_assis.
 */
var M365SupportConnector = Class.create();

M365SupportConnector.SCOPE = 'x_mioms_m365_assis';
M365SupportConnector.ROLES = ['insights_user', 'administrator'];
M365SupportConnector.NOT_SET_UP = 'Please contact your ServiceNow admin and ask them to complete the setup steps for the app.';
M365SupportConnector.NOT_COMPLETE = 'Please contact your ServiceNow admin and ask them to complete the final set up step for the app.';
M365SupportConnector.SERVICE_ERROR = 'Please contact app support.';
M365SupportConnector.NOT_SAVED = 'Unable to save ticket details. Please contact App support.';
/** Milliseconds until a call without an answer is given up. */
M365SupportConnector.TIMEOUT = 8000;
/** A token that ends within so many seconds is not used any more. */
M365SupportConnector.MARGIN = 60;
/** Seconds to wait at most until the connector knows a new key of Entra. */
M365SupportConnector.LONGEST_WAIT = 3;

M365SupportConnector.prototype = {

    initialize: function () {
        /** What the agent did, for the log of the connector: see X-ServiceNow-Occasion there. */
        this.occasion = '';
    },

    /**
     * Ask the connector who it takes this instance for; works before the set-up is complete.
     * @returns {Object} see above; body.repository_id must be the Repository ID
     */
    selfTest: function () {
        return this.ask('self_test', 'GET', '', null);
    },

    /**
     * Find service health incidents that the text of an incident may be about.
     * @param {GlideRecord} incident
     * @returns {Object} body.incidents
     */
    health: function (incident) {
        var texts = this._texts(incident);
        texts.short_description = texts.short_description || '';
        return this.ask('health.search', 'POST', 'health-incidents/search', texts);
    },

    /**
     * Search for solutions by the text of an incident, or by what somebody typed.
     * @param {GlideRecord} incident
     * @param {String} text may be empty
     * @returns {Object} body.solutions, body.search_id
     */
    solutions: function (incident, text) {
        var asked = text ? {text: String(text)} : this._texts(incident);
        asked.incident = this._identity(incident);
        return this.ask('solutions.search', 'POST', 'solutions/search', asked);
    },

    /**
     * Return what the last search for an incident showed.
     * @param {GlideRecord} incident
     * @returns {Object} body.solutions, empty if there was no search
     */
    lastSolutions: function (incident) {
        return this.ask('solutions.incident', 'GET', 'solutions?incident=' + incident.getUniqueValue(), null);
    },

    /**
     * Say whether a solution helped.
     * @param {String} id of the solution
     * @param {String} searchId of the search that showed it
     * @param {Boolean} helpful
     * @returns {Object} body is empty
     */
    rate: function (id, searchId, helpful) {
        var rating = {helpful: !!helpful, search_id: String(searchId)};
        return this.ask('solutions.feedback', 'POST', 'solutions/' + encodeURIComponent(id) + '/feedback', rating);
    },

    /**
     * Return the service requests of an incident.
     * @param {GlideRecord} incident
     * @returns {Object} body.service_requests
     */
    requests: function (incident) {
        return this.ask('requests.list', 'GET', 'service-requests?incident=' + incident.getUniqueValue(), null);
    },

    /**
     * Open a service request; the same wish.id opens it only once.
     * @param {GlideRecord} incident
     * @param {Object} wish id (see newId), title, description, severity (critical, high,
     *     normal), contact ({name, email, phone})
     * @returns {Object} body is the service request
     */
    open: function (incident, wish) {
        var identity = this._identity(incident);
        var title = this._texts(incident).short_description;
        if (title) {
            identity.short_description = title;
        }
        return this.ask('requests.open', 'POST', 'service-requests', {
            id: wish.id,
            title: wish.title,
            description: wish.description,
            severity: wish.severity,
            contact: wish.contact,
            incident: identity
        });
    },

    /**
     * Add an update to a service request.
     * @param {String} reference of the service request
     * @param {Object} wish id (see newId), text, close (true if the issue is solved)
     * @returns {Object} body is the service request
     */
    update: function (reference, wish) {
        var update = {id: wish.id, text: wish.text};
        if (wish.close) {
            update.close = true;
        }
        return this.ask('requests.update', 'POST', 'service-requests/' + encodeURIComponent(reference) + '/updates', update);
    },

    /**
     * Make an ID for something that must be done only once, also if it is sent twice.
     * @returns {String}
     */
    newId: function () {
        return this._dashed(String(gs.generateGUID()));
    },

    /**
     * Return the ID of an incident's next service request: the same one until there is one
     * more, so that selecting twice opens only one.
     * @param {GlideRecord} incident
     * @param {Number} count how many service requests it has had
     * @returns {String}
     */
    nextId: function (incident, count) {
        var sysId = String(incident.getUniqueValue());
        if (!/^[0-9a-f]{32}$/.test(sysId)) {
            return this.newId();
        }
        return this._dashed(sysId.substring(0, 28) + ('000' + count.toString(16)).slice(-4));
    },

    /**
     * Call the connector; without a call where the app is not set up.
     * @param {String} purpose name of the operation
     * @param {String} method GET or POST
     * @param {String} path behind the address of the repository
     * @param {Object} body null for none
     * @returns {Object} see above
     */
    ask: function (purpose, method, path, body) {
        var settings = this._settings();
        if (!settings.state || !settings.url || !settings.profile) {
            return this._failed(M365SupportConnector.NOT_SET_UP, '', '');
        }
        if (settings.state != 'complete' && purpose != 'self_test') {
            return this._failed(M365SupportConnector.NOT_COMPLETE, '', '');
        }
        var call = {
            purpose: purpose,
            method: method,
            url: settings.url.replace(/\/+$/, '') + '/' + path,
            profile: settings.profile,
            body: body
        };
        var result = this._read(this._send(call), purpose);
        if (result.detail) {
            gs.logError(purpose + ' failed: ' + result.detail, M365SupportConnector.SCOPE);
        }
        return result;
    },

    /** Send once, and once more where a new token or a short wait may help. */
    _send: function (call) {
        var answer = this._once(call, false);
        if (answer.status == 401) {
            return this._once(call, true);
        }
        if (answer.status == 503 && this._error(answer).code == 'signing_keys_pending') {
            gs.sleep(this._wait(answer) * 1000);
            return this._once(call, false);
        }
        return answer;
    },

    _once: function (call, isNew) {
        var token = this._token(call.profile, isNew);
        if (!token.value) {
            return {status: 0, why: 'no token: ' + token.why};
        }
        try {
            var response = this._message(call, token.value).execute();
            var status = parseInt(response.getStatusCode(), 10) || 0;
            if (!status) {
                return {status: 0, why: 'the connector does not answer: ' + response.getErrorMessage()};
            }
            return {
                status: status,
                text: String(response.getBody() || ''),
                retryAfter: String(response.getHeader('Retry-After') || '')
            };
        } catch (error) {
            return {status: 0, why: 'the connector does not answer: ' + this._words(error)};
        }
    },

    _message: function (call, token) {
        var message = new sn_ws.RESTMessageV2();
        message.setEndpoint(call.url);
        message.setHttpMethod(call.method.toLowerCase());
        message.setHttpTimeout(M365SupportConnector.TIMEOUT);
        message.setRequestHeader('Authorization', 'Bearer ' + token);
        message.setRequestHeader('Accept', 'application/json');
        message.setRequestHeader('Content-Type', 'application/json');
        message.setRequestHeader('X-ServiceNow-User', String(gs.getUserName()));
        message.setRequestHeader('X-ServiceNow-User-Email', String(gs.getUser().getEmail() || ''));
        message.setRequestHeader('X-ServiceNow-User-Roles', this._roles().join(','));
        if (this.occasion) {
            message.setRequestHeader('X-ServiceNow-Occasion', this.occasion);
        }
        if (call.body) {
            message.setRequestBody(JSON.stringify(call.body));
        }
        return message;
    },

    /** What the instance itself says of the user: nobody can put it into a request. */
    _roles: function () {
        var held = [];
        for (var i = 0; i < M365SupportConnector.ROLES.length; i++) {
            if (gs.hasRole(M365SupportConnector.SCOPE + '.' + M365SupportConnector.ROLES[i])) {
                held.push(M365SupportConnector.ROLES[i]);
            }
        }
        return held;
    },

    /** Return a token by the profile: the kept one while it lasts, unless a new one is wanted. */
    _token: function (profileName, isNew) {
        try {
            var profile = this._first('oauth_entity_profile', 'name', profileName);
            var provider = profile ? this._first('oauth_entity', 'sys_id', profile.getValue('oauth_entity')) : null;
            if (!provider) {
                return {value: '', why: 'there is no OAuth entity profile ' + profileName};
            }
            var client = new sn_auth.GlideOAuthClient();
            var kept = isNew ? null : client.getToken(profile.getUniqueValue(), profile.getUniqueValue());
            var isFresh = kept && kept.getAccessToken() && kept.getExpiresIn() > M365SupportConnector.MARGIN;
            if (isFresh) {
                return {value: String(kept.getAccessToken())};
            }
            return this._newToken(client, profile, provider);
        } catch (error) {
            return {value: '', why: this._words(error)};
        }
    },

    _newToken: function (client, profile, provider) {
        var request = new sn_auth.GlideOAuthClientRequest();
        request.setGrantType('client_credentials');
        request.setParameter('oauth_requestor_context', 'M365SupportConnector');
        request.setParameter('oauth_requestor', profile.getUniqueValue());
        request.setParameter('oauth_provider_profile', profile.getUniqueValue());
        var clientId = provider.getValue('client_id');
        // The token is meant for the outbound application itself. Version 2 of Entra
        // takes it as a scope, version 1 as a resource.
        if (String(provider.getValue('token_url')).indexOf('/v2.0/') >= 0) {
            request.setScope(clientId + '/.default');
        } else {
            request.setParameter('resource', clientId);
        }
        var response = client.requestTokenByRequest(null, request);
        var token = response ? response.getToken() : null;
        if (token && token.getAccessToken()) {
            return {value: String(token.getAccessToken())};
        }
        return {value: '', why: this._words(response ? response.getErrorMessage() : 'no answer')};
    },

    /** Return the first row in which a field has this value, or null. */
    _first: function (table, field, value) {
        var rows = new GlideRecord(table);
        rows.addQuery(field, value);
        rows.setLimit(1);
        rows.query();
        return rows.next() ? rows : null;
    },

    _settings: function () {
        return {
            url: String(gs.getProperty(M365SupportConnector.SCOPE + '.connector_url') || ''),
            profile: String(gs.getProperty(M365SupportConnector.SCOPE + '.oauth_profile') || ''),
            state: String(gs.getProperty(M365SupportConnector.SCOPE + '.setup_state') || '')
        };
    },

    /** Turn an answer into what the agent sees. */
    _read: function (answer, purpose) {
        if (answer.status === 0) {
            return this._failed('', answer.why, '');
        }
        var body = this._object(answer.text);
        if (answer.status == 204) {
            return this._came({});
        }
        if (answer.status >= 200 && answer.status < 300 && body) {
            return this._came(body);
        }
        var error = this._error(answer);
        var named = error.request_id ? ' (' + error.request_id + ')' : '';
        var detail = answer.status + ' ' + error.code + named + ': ' + error.cause;
        if (answer.status == 401 || answer.status == 503) {
            return this._failed('', detail, error.repair);
        }
        var isSaving = purpose == 'requests.open' || purpose == 'requests.update';
        var usual = isSaving ? M365SupportConnector.NOT_SAVED : M365SupportConnector.SERVICE_ERROR;
        return this._failed(error.message || usual, detail, error.repair);
    },

    _came: function (body) {
        return {body: body, message: '', detail: '', repair: ''};
    },

    _failed: function (message, detail, repair) {
        return {body: null, message: message, detail: detail, repair: repair};
    },

    _error: function (answer) {
        var body = this._object(answer.text);
        var given = body && body.error && typeof body.error == 'object' ? body.error : {};
        var names = ['code', 'message', 'cause', 'repair', 'request_id'];
        var error = {};
        for (var i = 0; i < names.length; i++) {
            error[names[i]] = given[names[i]] ? String(given[names[i]]) : '';
        }
        return error;
    },

    _object: function (text) {
        try {
            var value = JSON.parse(text);
            return value && typeof value == 'object' && !(value instanceof Array) ? value : null;
        } catch (ignored) {
            return null;
        }
    },

    _wait: function (answer) {
        var seconds = /^[0-9]+$/.test(answer.retryAfter || '') ? parseInt(answer.retryAfter, 10) : 1;
        return Math.min(seconds, M365SupportConnector.LONGEST_WAIT);
    },

    _identity: function (incident) {
        return {sys_id: String(incident.getUniqueValue()), number: String(incident.getValue('number'))};
    },

    _texts: function (incident) {
        var names = ['short_description', 'description'];
        var texts = {};
        for (var i = 0; i < names.length; i++) {
            var text = incident.getValue(names[i]);
            if (text) {
                texts[names[i]] = String(text);
            }
        }
        return texts;
    },

    _dashed: function (digits) {
        return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    },

    /** The first line of a reason: what follows in Entra's answers is only for tracing. */
    _words: function (reason) {
        return String((reason && reason.message) || reason || 'no reason given').split('\n')[0].substring(0, 1000);
    },

    type: 'M365SupportConnector'
};
