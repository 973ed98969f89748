"use strict";(()=>{var Lt=globalThis,ut=Lt.trustedTypes,se=ut?ut.createPolicy("lit-html",{createHTML:t=>t}):void 0,Ht="$lit$",P=`lit$${Math.random().toFixed(9).slice(2)}$`,It="?"+P,cs=`<${It}>`,I=document,Y=()=>I.createComment(""),J=t=>t===null||typeof t!="object"&&typeof t!="function",Ut=Array.isArray,re=t=>Ut(t)||typeof t?.[Symbol.iterator]=="function",Nt=`[ 	
\f\r]`,Q=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,ne=/-->/g,ae=/>/g,L=RegExp(`>|${Nt}(?:([^\\s"'>=/]+)(${Nt}*=${Nt}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),ie=/'/g,oe=/"/g,ce=/^(?:script|style|textarea|title)$/i,Ot=t=>(e,...s)=>({_$litType$:t,strings:e,values:s}),i=Ot(1),mn=Ot(2),pn=Ot(3),U=Symbol.for("lit-noChange"),r=Symbol.for("lit-nothing"),le=new WeakMap,H=I.createTreeWalker(I,129);function de(t,e){if(!Ut(t)||!t.hasOwnProperty("raw"))throw Error("invalid template strings array");return se!==void 0?se.createHTML(e):e}var ue=(t,e)=>{let s=t.length-1,n=[],a,l=e===2?"<svg>":e===3?"<math>":"",c=Q;for(let p=0;p<s;p++){let d=t[p],v,_,u=-1,b=0;for(;b<d.length&&(c.lastIndex=b,_=c.exec(d),_!==null);)b=c.lastIndex,c===Q?_[1]==="!--"?c=ne:_[1]!==void 0?c=ae:_[2]!==void 0?(ce.test(_[2])&&(a=RegExp("</"+_[2],"g")),c=L):_[3]!==void 0&&(c=L):c===L?_[0]===">"?(c=a??Q,u=-1):_[1]===void 0?u=-2:(u=c.lastIndex-_[2].length,v=_[1],c=_[3]===void 0?L:_[3]==='"'?oe:ie):c===oe||c===ie?c=L:c===ne||c===ae?c=Q:(c=L,a=void 0);let f=c===L&&t[p+1].startsWith("/>")?" ":"";l+=c===Q?d+cs:u>=0?(n.push(v),d.slice(0,u)+Ht+d.slice(u)+P+f):d+P+(u===-2?p:f)}return[de(t,l+(t[s]||"<?>")+(e===2?"</svg>":e===3?"</math>":"")),n]},tt=class t{constructor({strings:e,_$litType$:s},n){let a;this.parts=[];let l=0,c=0,p=e.length-1,d=this.parts,[v,_]=ue(e,s);if(this.el=t.createElement(v,n),H.currentNode=this.el.content,s===2||s===3){let u=this.el.content.firstChild;u.replaceWith(...u.childNodes)}for(;(a=H.nextNode())!==null&&d.length<p;){if(a.nodeType===1){if(a.hasAttributes())for(let u of a.getAttributeNames())if(u.endsWith(Ht)){let b=_[c++],f=a.getAttribute(u).split(P),w=/([.?@])?(.*)/.exec(b);d.push({type:1,index:l,name:w[2],strings:f,ctor:w[1]==="."?pt:w[1]==="?"?ht:w[1]==="@"?ft:F}),a.removeAttribute(u)}else u.startsWith(P)&&(d.push({type:6,index:l}),a.removeAttribute(u));if(ce.test(a.tagName)){let u=a.textContent.split(P),b=u.length-1;if(b>0){a.textContent=ut?ut.emptyScript:"";for(let f=0;f<b;f++)a.append(u[f],Y()),H.nextNode(),d.push({type:2,index:++l});a.append(u[b],Y())}}}else if(a.nodeType===8)if(a.data===It)d.push({type:2,index:l});else{let u=-1;for(;(u=a.data.indexOf(P,u+1))!==-1;)d.push({type:7,index:l}),u+=P.length-1}l++}}static createElement(e,s){let n=I.createElement("template");return n.innerHTML=e,n}};function O(t,e,s=t,n){if(e===U)return e;let a=n!==void 0?s._$Co?.[n]:s._$Cl,l=J(e)?void 0:e._$litDirective$;return a?.constructor!==l&&(a?._$AO?.(!1),l===void 0?a=void 0:(a=new l(t),a._$AT(t,s,n)),n!==void 0?(s._$Co??=[])[n]=a:s._$Cl=a),a!==void 0&&(e=O(t,a._$AS(t,e.values),a,n)),e}var mt=class{constructor(e,s){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=s}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:s},parts:n}=this._$AD,a=(e?.creationScope??I).importNode(s,!0);H.currentNode=a;let l=H.nextNode(),c=0,p=0,d=n[0];for(;d!==void 0;){if(c===d.index){let v;d.type===2?v=new K(l,l.nextSibling,this,e):d.type===1?v=new d.ctor(l,d.name,d.strings,this,e):d.type===6&&(v=new $t(l,this,e)),this._$AV.push(v),d=n[++p]}c!==d?.index&&(l=H.nextNode(),c++)}return H.currentNode=I,a}p(e){let s=0;for(let n of this._$AV)n!==void 0&&(n.strings!==void 0?(n._$AI(e,n,s),s+=n.strings.length-2):n._$AI(e[s])),s++}},K=class t{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,s,n,a){this.type=2,this._$AH=r,this._$AN=void 0,this._$AA=e,this._$AB=s,this._$AM=n,this.options=a,this._$Cv=a?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,s=this._$AM;return s!==void 0&&e?.nodeType===11&&(e=s.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,s=this){e=O(this,e,s),J(e)?e===r||e==null||e===""?(this._$AH!==r&&this._$AR(),this._$AH=r):e!==this._$AH&&e!==U&&this._(e):e._$litType$!==void 0?this.$(e):e.nodeType!==void 0?this.T(e):re(e)?this.k(e):this._(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==r&&J(this._$AH)?this._$AA.nextSibling.data=e:this.T(I.createTextNode(e)),this._$AH=e}$(e){let{values:s,_$litType$:n}=e,a=typeof n=="number"?this._$AC(e):(n.el===void 0&&(n.el=tt.createElement(de(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===a)this._$AH.p(s);else{let l=new mt(a,this),c=l.u(this.options);l.p(s),this.T(c),this._$AH=l}}_$AC(e){let s=le.get(e.strings);return s===void 0&&le.set(e.strings,s=new tt(e)),s}k(e){Ut(this._$AH)||(this._$AH=[],this._$AR());let s=this._$AH,n,a=0;for(let l of e)a===s.length?s.push(n=new t(this.O(Y()),this.O(Y()),this,this.options)):n=s[a],n._$AI(l),a++;a<s.length&&(this._$AR(n&&n._$AB.nextSibling,a),s.length=a)}_$AR(e=this._$AA.nextSibling,s){for(this._$AP?.(!1,!0,s);e!==this._$AB;){let n=e.nextSibling;e.remove(),e=n}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},F=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,s,n,a,l){this.type=1,this._$AH=r,this._$AN=void 0,this.element=e,this.name=s,this._$AM=a,this.options=l,n.length>2||n[0]!==""||n[1]!==""?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=r}_$AI(e,s=this,n,a){let l=this.strings,c=!1;if(l===void 0)e=O(this,e,s,0),c=!J(e)||e!==this._$AH&&e!==U,c&&(this._$AH=e);else{let p=e,d,v;for(e=l[0],d=0;d<l.length-1;d++)v=O(this,p[n+d],s,d),v===U&&(v=this._$AH[d]),c||=!J(v)||v!==this._$AH[d],v===r?e=r:e!==r&&(e+=(v??"")+l[d+1]),this._$AH[d]=v}c&&!a&&this.j(e)}j(e){e===r?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??"")}},pt=class extends F{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===r?void 0:e}},ht=class extends F{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==r)}},ft=class extends F{constructor(e,s,n,a,l){super(e,s,n,a,l),this.type=5}_$AI(e,s=this){if((e=O(this,e,s,0)??r)===U)return;let n=this._$AH,a=e===r&&n!==r||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,l=e!==r&&(n===r||a);a&&this.element.removeEventListener(this.name,this,n),l&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},$t=class{constructor(e,s,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=s,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){O(this,e)}},me={M:Ht,P,A:It,C:1,L:ue,R:mt,D:re,V:O,I:K,H:F,N:ht,U:ft,B:pt,F:$t},ds=Lt.litHtmlPolyfillSupport;ds?.(tt,K),(Lt.litHtmlVersions??=[]).push("3.3.1");var pe=(t,e,s)=>{let n=s?.renderBefore??e,a=n._$litPart$;if(a===void 0){let l=s?.renderBefore??null;n._$litPart$=a=new K(e.insertBefore(Y(),l),l,void 0,s??{})}return a._$AI(t),a};var T=class extends Error{constructor(s,n,a){super(a);this.status=s;this.code=n}rows=[];get isUnknown(){return this.status===503||this.status===0}},he="";function fe(t){he=t}async function us(t){try{let e=await t.json(),s=new T(t.status,e.code??"",e.detail??e.title??t.statusText);return s.rows=e.problems??[],s}catch{return new T(t.status,"",t.statusText)}}function S(t,e,s,n={}){let a={method:t,headers:{...n},signal:AbortSignal.timeout(1e4)};return s!==void 0&&(a.headers["Content-Type"]="application/json",a.body=JSON.stringify(s)),$e(t,e,a)}var Ft=(t,e)=>$e("POST",t,{method:"POST",headers:{"Content-Type":"text/csv"},body:e,signal:AbortSignal.timeout(12e4)});async function $e(t,e,s){let n=s.headers;t!=="GET"&&(n["X-CSRF-Token"]=he);let a;try{a=await fetch(e,s)}catch{throw new T(0,"unreachable","The server does not answer.")}if(!a.ok)throw await us(a);return a.status===204?void 0:await a.json()}var g=t=>S("GET",t);function V(){let t=crypto.getRandomValues(new Uint8Array(16));return"console-"+Array.from(t,e=>e.toString(16).padStart(2,"0")).join("")}var o={session:null,isChecked:!1,isFollowing:!1,calls:[],callTotal:0,callsAsOfUs:0,callsStale:!1,accounts:[],accountsStale:!1,accountsAsOfUs:0,cdrs:[],refusals:[],bans:[],low:[],status:null,exposureBy:"account",exposure:null,trunkNames:new Map,error:"",route:[],filter:"",shownMax:100,ending:null,note:""},ve=()=>{},Vt=!0;function be(t){ve=t}function h(){Vt&&(Vt=!1,requestAnimationFrame(()=>{Vt=!0,ve()}))}var A=()=>o.session?.role==="operator",R=t=>o.accounts.find(e=>e.id===t)?.name??(t===null||t===0?"":"#"+t);async function q(t){try{await t(),o.error=""}catch(e){if(e instanceof T&&e.status===401)return Kt();o.error=e instanceof Error?e.message:String(e)}h()}var et=()=>q(async()=>{let t=await g("/v1/calls?max=1000");o.calls=t.items.sort((e,s)=>s.wall_start_us-e.wall_start_us),o.callTotal=t.total,o.callsAsOfUs=t.as_of_wall_us,o.callsStale=t.is_stale}),B=()=>q(async()=>{let t=await g("/v1/accounts?max=1000");o.accounts=t.items,o.accountsStale=t.is_stale===!0,o.accountsAsOfUs=t.as_of_wall_us??0}),gt=()=>q(async()=>{let t=await g("/v1/refusals?max=50");o.refusals=t.items,o.cdrs=(await g("/v1/cdrs?max=50")).items}),qt=()=>q(async()=>{A()&&(o.status=await g("/v1/status"))}),st=()=>q(async()=>{if(!A())return;let t=o.exposureBy,e=await g(`/v1/exposure?by=${t}&max=1000`);if(t===o.exposureBy&&(o.exposure=e),t==="trunk"&&e.items.some(s=>s.trunk_id!==0&&!o.trunkNames.has(s.trunk_id??0))){let s=await g("/v1/trunks?max=1000");o.trunkNames=new Map(s.items.map(n=>[n.id,n.name]))}}),bt=()=>q(async()=>{A()&&(o.bans=(await g("/v1/bans")).items)}),jt=()=>q(async()=>{A()&&(o.low=(await g("/v1/low-balances?max=10")).items)}),Wt=new Set;function k(t,e){Wt.has(t)||(Wt.add(t),setTimeout(()=>{Wt.delete(t),o.session!==null&&t()},e))}var W=null;function ms(){W?.close(),W=new EventSource("/v1/events");let t=(e,s)=>{for(let n of e)W?.addEventListener(n,s)};W.addEventListener("open",()=>{o.isFollowing=!0,ge()}),W.addEventListener("error",()=>{o.isFollowing=!1,h()}),t(["call.started","call.ringing","call.answered"],()=>k(et,200)),t(["call.ended"],()=>{k(et,200),k(st,1e3),k(gt,1500)}),t(["refusal"],()=>k(gt,400)),t(["balance","config"],()=>k(B,300)),t(["registered","unregistered","store","edge","alarm","fraud.suspected","fraud.over"],()=>k(qt,300)),t(["balance.low"],()=>{k(jt,300),k(B,300)}),t(["ban.begun","ban.prolonged","ban.over","ban.lifted"],()=>k(bt,300)),t(["lost"],ge)}function ge(){for(let t of[qt,B,et,gt,bt,jt,st])t()}setInterval(()=>{o.session===null||document.hidden||(qt(),et(),st())},5e3);setInterval(()=>{o.session===null||document.hidden||(B(),gt(),bt(),jt())},15e3);function Gt(t){o.session=t,o.isChecked=!0,fe(t.csrf),ms(),h()}function Kt(){W?.close(),W=null,Object.assign(o,{session:null,isChecked:!0,isFollowing:!1,status:null,calls:[],accounts:[],cdrs:[],refusals:[],bans:[],low:[],exposure:null,ending:null,error:""}),h()}async function ye(){try{Gt(await g("/v1/session"))}catch{Kt()}}async function _e(){try{await S("DELETE","/v1/session")}catch{}Kt()}var ps=6e3;function vt(t){o.note=t,setTimeout(()=>{o.note===t&&(o.note="",h())},ps)}async function we(t){try{await S("DELETE","/v1/calls/"+t.key),vt(`The call from ${t.caller} to ${t.callee} was ended.`)}catch(e){vt(e instanceof T&&e.status===404?"That call was over already.":`It could not be ended: ${String(e)}`)}o.ending=null,await et()}async function Ae(t){try{await S("DELETE","/v1/bans/"+encodeURIComponent(t.source.replace(/\/64$/,""))),vt(`${t.source} is heard again.`)}catch(e){vt(e instanceof T&&e.status===404?"That ban was over already.":`It could not be lifted: ${String(e)}`)}await bt()}var hs=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:2}),xe=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:4}),fs=new Intl.NumberFormat("en");function m(t,e=""){if(t==null||t==="")return"\u2013";let s=Number(t),n=s!==0&&Math.abs(s)<.1?xe:hs;return(e===""?"":e+" ")+n.format(Object.is(s,-0)?0:s)}function yt(t){return xe.format(Number(t))}function $(t){return t===void 0?"\u2013":fs.format(t)}function j(t){let e=Math.max(0,Math.floor(t/1e6)),s=a=>String(a).padStart(2,"0"),n=Math.floor(e/3600);return(n>0?n+":"+s(Math.floor(e/60)%60):String(Math.floor(e/60)))+":"+s(e%60)}function x(t){let e=new Date(t/1e3);return new Date().toDateString()===e.toDateString()?e.toLocaleTimeString("en-GB"):e.toLocaleString("en-GB",{dateStyle:"medium",timeStyle:"short"})}function y(t){return new Date(t/1e3).toISOString()}function C(t,e=Date.now()){let s=Math.max(0,Math.round(e/1e3-t/1e6));return s<60?s+" s":s<3600?Math.floor(s/60)+" min":s<86400?Math.floor(s/3600)+" h":Math.floor(s/86400)+" d"}var _t="",wt=!1;async function $s(t){t.preventDefault();let e=new FormData(t.target),s=String(e.get("name")??"").trim(),n=String(e.get("password")??"");wt=!0,h();try{Gt(await S("POST","/v1/session",s===""?{key:n}:{name:s,password:n})),_t=""}catch(a){_t=a instanceof T?a.message:String(a)}wt=!1,h()}function Te(){return i`<div class="login">
    <form class="card" @submit=${t=>void $s(t)}>
      <h1><img src="/favicon.svg" alt="" width="34" height="34">dialtone</h1>
      <label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <p class="hint">Or leave the name empty and give an API key as the password.</p>
      ${_t===""?r:i`<p class="failure" role="alert">${_t}</p>`}
      <button class="primary" ?disabled=${wt}>${wt?"Checking\u2026":"Log in"}</button>
    </form>
  </div>`}var At={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},nt=t=>(...e)=>({_$litDirective$:t,values:e}),z=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,s,n){this._$Ct=e,this._$AM=s,this._$Ci=n}_$AS(e,s){return this.update(e,s)}update(e,s){return this.render(...s)}};var{I:gs}=me;var Re=t=>t.strings===void 0,Se=()=>document.createComment(""),X=(t,e,s)=>{let n=t._$AA.parentNode,a=e===void 0?t._$AB:e._$AA;if(s===void 0){let l=n.insertBefore(Se(),a),c=n.insertBefore(Se(),a);s=new gs(l,c,t,t.options)}else{let l=s._$AB.nextSibling,c=s._$AM,p=c!==t;if(p){let d;s._$AQ?.(t),s._$AM=t,s._$AP!==void 0&&(d=t._$AU)!==c._$AU&&s._$AP(d)}if(l!==a||p){let d=s._$AA;for(;d!==l;){let v=d.nextSibling;n.insertBefore(d,a),d=v}}}return s},N=(t,e,s=t)=>(t._$AI(e,s),t),vs={},ke=(t,e=vs)=>t._$AH=e,Ce=t=>t._$AH,xt=t=>{t._$AR(),t._$AA.remove()};var Ee=(t,e,s)=>{let n=new Map;for(let a=e;a<=s;a++)n.set(t[a],a);return n},De=nt(class extends z{constructor(t){if(super(t),t.type!==At.CHILD)throw Error("repeat() can only be used in text expressions")}dt(t,e,s){let n;s===void 0?s=e:e!==void 0&&(n=e);let a=[],l=[],c=0;for(let p of t)a[c]=n?n(p,c):c,l[c]=s(p,c),c++;return{values:l,keys:a}}render(t,e,s){return this.dt(t,e,s).values}update(t,[e,s,n]){let a=Ce(t),{values:l,keys:c}=this.dt(e,s,n);if(!Array.isArray(a))return this.ut=c,l;let p=this.ut??=[],d=[],v,_,u=0,b=a.length-1,f=0,w=l.length-1;for(;u<=b&&f<=w;)if(a[u]===null)u++;else if(a[b]===null)b--;else if(p[u]===c[f])d[f]=N(a[u],l[f]),u++,f++;else if(p[b]===c[w])d[w]=N(a[b],l[w]),b--,w--;else if(p[u]===c[w])d[w]=N(a[u],l[w]),X(t,d[w+1],a[u]),u++,w--;else if(p[b]===c[f])d[f]=N(a[b],l[f]),X(t,a[u],a[b]),b--,f++;else if(v===void 0&&(v=Ee(c,f,w),_=Ee(p,u,b)),v.has(p[u]))if(v.has(p[b])){let D=_.get(c[f]),Bt=D!==void 0?a[D]:null;if(Bt===null){let ee=X(t,a[u]);N(ee,l[f]),d[f]=ee}else d[f]=N(Bt,l[f]),X(t,a[u],Bt),a[D]=null;f++}else xt(a[b]),b--;else xt(a[u]),u++;for(;f<=w;){let D=X(t,d[w+1]);N(D,l[f]),d[f++]=D}for(;u<=b;){let D=a[u++];D!==null&&xt(D)}return this.ut=c,ke(t,d),U}});var Pe={open:"being told",kept:"noted",told:"told","topped-up":"topped up",refused:"top-up refused","given-up":"nobody heard"};function bs(t){let e=t.state==="refused"||t.state==="given-up",s=t.state==="open"&&t.attempts>0?` (tried ${t.attempts}\xD7)`:"";return i`${e?i`<span class="state failed">${Pe[t.state]}</span>`:Pe[t.state]??t.state}${s}
    ${t.note===""?r:i`<small>${t.note}</small>`}`}function Tt(t,e){return t.length===0?r:i`<section class="card wide" aria-labelledby="low-title">
    <div class="head"><h2 id="low-title">Low balances</h2></div>
    <div class="scroll"><table class="low"><thead><tr><th scope="col">When</th>
      ${e?i`<th scope="col">Account</th>`:r}
      <th scope="col" class="num">Left</th><th scope="col" class="num">Below</th>
      <th scope="col">What came of it</th><th scope="col" class="num">Added</th></tr></thead>
    <tbody>${t.map(s=>i`<tr><td class="num left" title=${y(s.wall_us)}>${x(s.wall_us)}</td>
      ${e?i`<td class="strong"><a href="#/accounts/${s.account}">${s.account}</a></td>`:r}
      <td class="num strong">${m(s.left,s.currency)}</td><td class="num">${m(s.below,s.currency)}</td>
      <td>${bs(s)}</td>
      <td class="num">${s.topup===null?"\u2013":m(s.topup,s.currency)}</td></tr>`)}</tbody></table></div></section>`}function ys(t){return[t.is_at_limits?"refused by its limits":"",t.is_hot?"hot destinations":"",t.is_sudden?"many calls, and usually quiet":""].filter(e=>e!=="").join(", ")}function _s(t){let e=t.account??"#"+t.account_id;return i`<tr data-account=${e}>
    <td class="strong"><a href="#/accounts/${e}">${e}</a></td>
    <td>${ys(t)}</td>
    <td>${t.destinations.map(s=>i`<span class="tag">${s.prefix}… ${$(s.calls)}</span> `)}</td>
    <td class="num">${$(t.calls_in_10s)}</td>
    <td class="num">${$(t.refused_in_10s)}</td>
    <td class="num strong">${m(t.money_a_minute,t.currency)}</td>
    <td class="num" title=${y(t.since_wall_us)}>${x(t.since_wall_us)}</td></tr>`}function Me(){let t=o.status?.edge.alerts??[];if(t.length===0)return r;let e=["Calls in 10 s","Refused","A minute of talk","Since"];return i`<section class="card wide" role="alert" aria-labelledby="alerts-title">
    <div class="head"><h2 id="alerts-title">Fraud suspected <span class="count">${$(t.length)}</span></h2></div>
    <div class="scroll"><table class="alerts">
      <thead><tr><th scope="col">Account</th><th scope="col">Why</th><th scope="col">Calls to</th>
        ${e.map(s=>i`<th scope="col" class="num">${s}</th>`)}</tr></thead>
      <tbody>${t.map(_s)}</tbody></table></div>
  </section>`}var ws=50;function As(t){return i`<tr data-source=${t.source}>
    <td class="strong">${t.source}${t.has_customers?i` <span class="tag" title="They are heard all the same">customers behind it</span>`:r}</td>
    <td>${t.reason}${t.actor===null?r:i` <small>by ${t.actor}</small>`}</td>
    <td class="num" title=${y(t.wall_until_us)}>${x(t.wall_until_us)}</td>
    <td class="num">${$(t.level+1)}</td>
    <td class="num">${$(t.dropped)}</td>
    <td class="act"><button class="small" @click=${()=>void Ae(t)}
      aria-label="Lift the ban of ${t.source}">Lift</button></td></tr>`}function Be(){if(o.bans.length===0)return r;let t=["Until","Times","Dropped"];return i`<section class="card wide" aria-labelledby="bans-title">
    <div class="head"><h2 id="bans-title">Banned sources <span class="count">${$(o.bans.length)}</span></h2></div>
    <div class="scroll"><table class="bans">
      <thead><tr><th scope="col">Source</th><th scope="col">Why</th>
        ${t.map(e=>i`<th scope="col" class="num">${e}</th>`)}
        <th scope="col"><span class="sr">Act</span></th></tr></thead>
      <tbody>${o.bans.slice(0,ws).map(As)}</tbody></table></div>
  </section>`}var Ne=[["account","Account"],["trunk","Trunk"],["destination","Destination"],["country","Country"]],St=50,Le=null;function xs(t){return t===""?"on the network, or of no country":t==="001"?"satellites and networks":(Le??=new Intl.DisplayNames(["en"],{type:"region"}),Le.of(t)??t)}function Ts(t,e){switch(t){case"account":{let s=R(e.account_id??0);return s===""?"nobody pays":i`<a href="#/accounts/${s}">${s}</a>`}case"trunk":return e.trunk_id===0?"on the network":o.trunkNames.get(e.trunk_id??0)??"#"+e.trunk_id;case"destination":return e.prefix===""?"free":e.prefix+"\u2026";case"country":return xs(e.country??"")}}function Ss(t){o.exposureBy=t.target.value,o.exposure=null,st()}function He(){let t=o.exposure,e=o.exposureBy==="account",s=["Calls","Answered","Cost so far","A minute","Set aside",...e?["Money left","Lasts"]:[]],n=t?.items??[];return i`<section class="card wide" aria-labelledby="exposure-title">
    <div class="head"><h2 id="exposure-title">Value at risk</h2>
      <select class="pick" aria-label="Sum up by" @change=${Ss}>${Ne.map(([a,l])=>i`<option value=${a} ?selected=${a===o.exposureBy}>${l}</option>`)}</select></div>
    <div class="scroll ${t?.is_stale===!0?"is-stale":""}"><table class="exposure">
      <thead><tr><th scope="col">${Ne.find(([a])=>a===o.exposureBy)?.[1]}</th>
        ${s.map(a=>i`<th scope="col" class="num">${a}</th>`)}</tr></thead>
      <tbody>${n.slice(0,St).map(a=>i`<tr>
        <td class="strong">${Ts(o.exposureBy,a)}</td>
        <td class="num">${$(a.calls)}</td><td class="num">${$(a.answered)}</td>
        <td class="num">${m(a.cost,a.currency)}</td>
        <td class="num strong">${m(a.cost_per_min,a.currency)}</td>
        <td class="num">${m(a.held,a.currency)}</td>
        ${e?i`<td class="num">${m(a.money_left)}</td>
          <td class="num">${a.seconds_left===void 0?"\u2013":j(a.seconds_left*1e6)}</td>`:r}</tr>`)}</tbody>
    </table>${n.length>0?r:i`<p class="empty">${t===null?"\u2026":"No call is in progress."}</p>`}</div>
    ${t===null||!t.is_stale&&t.total<=St?r:i`<p class="more">
      ${t.total>St?`The dearest ${St} of ${$(t.total)} are shown. `:""}
      ${t.is_stale?`As of ${C(t.as_of_wall_us)} ago: the edge does not answer now.`:""}</p>`}
  </section>`}function zt(t){return t.length===0?i`<p class="empty">No calls yet.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">Ended</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Account</th><th scope="col" class="num">Talk</th><th scope="col" class="num">Charge</th>
      <th scope="col">Result</th></tr></thead>
    <tbody>${t.map(e=>i`<tr>
      <td class="num left" title=${y(e.wall_end_us)}>${x(e.wall_end_us)}</td>
      <td class="strong">${e.caller}</td><td class="strong">${e.callee}</td>
      <td>${R(e.account_id)||"\u2013"}</td>
      <td class="num">${e.wall_answer_us>0?j(e.talk_us):"\u2013"}</td>
      <td class="num strong">${m(e.charge,e.currency)}</td>
      <td>${e.wall_answer_us>0?i`<span class="state answered">${e.end}</span>`:i`<span class="state failed">${e.status} ${e.reason}</span>`}
        ${e.flags.filter(s=>s!=="answered").map(s=>i` <span class="tag ${s}">${s}</span>`)}</td>
    </tr>`)}</tbody></table></div>`}function Xt(t){return t.length===0?i`<p class="empty">Nobody was refused.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Reason</th></tr></thead>
    <tbody>${t.map(e=>i`<tr>
      <td class="num left" title=${y(e.wall_us)}>${x(e.wall_us)}</td>
      <td class="strong">${e.caller??""}<small>${R(e.account_id)}</small></td>
      <td class="strong">${e.callee??""}</td>
      <td><span class="state failed">${e.status??""} ${e.reason??""}</span><small>${e.why??""}</small></td>
    </tr>`)}</tbody></table></div>`}var at={rows:[],next:null,query:"",isRead:!1,failure:""},it={rows:[],next:null,query:"",isRead:!1,failure:""};async function ot(t,e,s,n){e.isRead=!0,e.query=s;try{let a=n===null?"":"&cursor="+n,l=await g(`${t}?max=100${s}${a}`);e.rows=n===null?l.items:[...e.rows,...l.items],e.next=l.next,e.failure=""}catch(a){e.failure=a instanceof Error?a.message:String(a)}h()}function Ie(t){let e="";for(let[s,n]of new FormData(t)){let a=String(n).trim();if(a!==""){let l=s==="from"||s==="to"?new Date(a).toISOString().replace(/\.\d+/,""):a;e+=`&${s}=${encodeURIComponent(l)}`}}return e}function Ue(t,e){return i`${e.failure===""?r:i`<p class="failure" role="alert">${e.failure}</p>`}
    ${e.next===null?r:i`<p class="more"><button class="small"
      @click=${()=>void ot(t,e,e.query,e.next)}>Show older</button></p>`}`}var Oe=()=>i`<label>Account <select name="account"><option value="">all</option>
  ${o.accounts.map(t=>i`<option>${t.name}</option>`)}</select></label>`;function Fe(){return at.isRead||ot("/v1/cdrs",at,"",null),i`<section class="card wide"><div class="head"><h1>Call records</h1></div>
    <form class="filters" @submit=${t=>{t.preventDefault(),ot("/v1/cdrs",at,Ie(t.target),null)}}>
      ${Oe()}
      <label>Number or user <input name="number" spellcheck="false"></label>
      <label>From <input name="from" type="datetime-local"></label>
      <label>To <input name="to" type="datetime-local"></label>
      <button class="primary">Search</button>
    </form>${zt(at.rows)}${Ue("/v1/cdrs",at)}</section>`}function Ve(){return it.isRead||ot("/v1/refusals",it,"",null),i`<section class="card wide"><div class="head"><h1>Refused calls</h1></div>
    <form class="filters" @submit=${t=>{t.preventDefault(),ot("/v1/refusals",it,Ie(t.target),null)}}>
      ${Oe()}<button class="primary">Search</button>
    </form>${Xt(it.rows)}${Ue("/v1/refusals",it)}</section>`}var We=100,Rt=t=>t.wall_answer_us>0,kt=()=>o.callsStale?0:Math.max(0,Date.now()*1e3-o.callsAsOfUs);function Rs(t){let e=Number(t.cost);return Rt(t)?e+Number(t.price_per_min)/6e7*kt():e}function ks(t,e){let s=t.money_left??t.left;if(s===void 0)return"\u2013";let n=(e.get(t.account_id)??0)/6e7*kt();return m(Math.max(0,Number(s)-n))}function Cs(t){return t.paid_until_us===void 0?t.is_emergency?"free":"\u2013":t.paid_until_us<0?"\u221E":j(t.paid_until_us-kt())}function qe(){let t=new Map;for(let e of o.calls)Rt(e)&&t.set(e.account_id,(t.get(e.account_id)??0)+Number(e.price_per_min));return t}function Es(t){o.ending=t,o.note="",h()}function Ds(t,e){let s=t.is_emergency?"emergency":t.is_inbound?"inbound":t.is_on_net?"on-net":"",n=R(t.account_id);return i`<tr data-key=${t.key}>
    <td data-label="Caller" class="strong">${t.caller}</td>
    <td data-label="Called" class="strong">${t.callee}${s===""?r:i` <span class="tag ${s}">${s}</span>`}</td>
    <td data-label="Account">${n===""?"\u2013":i`<a href="#/accounts/${n}">${n}</a>`}</td>
    <td data-label="State"><span class="state ${t.state}">${t.state}</span></td>
    <td data-label="Since" class="num" title=${y(t.wall_start_us)}>${x(t.wall_start_us)}</td>
    <td data-label="Talk" class="num">${Rt(t)?j(t.talk_us+kt()):"\u2013"}</td>
    <td data-label="Price / min" class="num">${yt(t.price_per_min)} <small>${t.currency}</small></td>
    <td data-label="Cost so far" class="num strong">${m(Rs(t))}</td>
    <td data-label="Money left" class="num">${ks(t,e)}</td>
    <td data-label="Paid for" class="num">${Cs(t)}</td>
    ${A()?i`<td class="act"><button class="danger small" @click=${()=>Es(t)}
      aria-label="End the call from ${t.caller} to ${t.callee}">End</button></td>`:r}
  </tr>`}function Ps(t,e){return[t.caller,t.callee,R(t.account_id),t.state].some(s=>s.toLowerCase().includes(e))}function Ms(){let t=o.filter.trim().toLowerCase(),e=t===""?o.calls:o.calls.filter(l=>Ps(l,t)),s=e.slice(0,o.shownMax),n=qe(),a=["Caller","Called","Account","State","Since","Talk","Price / min","Cost so far","Money left","Paid for"];return i`<section class="card wide" aria-labelledby="calls-title">
    <div class="head"><h2 id="calls-title">Calls in progress <span class="count">${$(o.callTotal)}</span></h2>
      <input type="search" placeholder="Filter: number, user, account, state" aria-label="Filter the calls"
        .value=${o.filter} @input=${l=>{o.filter=l.target.value,h()}}></div>
    <div class="scroll ${o.callsStale?"is-stale":""}"><table class="calls">
      <thead><tr>${a.map((l,c)=>i`<th scope="col" class=${c>3?"num":""}>${l}</th>`)}
        ${A()?i`<th scope="col"><span class="sr">Act</span></th>`:r}</tr></thead>
      <tbody>${De(s,l=>l.key,l=>Ds(l,n))}</tbody>
    </table>
    ${s.length>0?r:i`<p class="empty">${o.calls.length===0?"Nobody is talking now.":"No call matches."}</p>`}</div>
    ${e.length<=s.length&&o.callTotal<=o.calls.length?r:i`<p class="more">
      ${$(s.length)} of ${$(t===""?o.callTotal:e.length)} are shown.
      ${e.length>s.length?i`<button class="small" @click=${()=>{o.shownMax+=We,h()}}>Show ${We} more</button>`:r}</p>`}
  </section>`}function lt(t,e,s=""){return i`<div class="figure"><dt>${t}</dt><dd>${e}<small>${s}</small></dd></div>`}function Bs(){let t=o.calls.filter(Rt),e=new Map;for(let c of t)e.set(c.currency,(e.get(c.currency)??0)+Number(c.price_per_min));let s=[...e].map(([c,p])=>m(p,c)).join(" + "),n=o.status?.edge,l=o.callTotal<=o.calls.length?t.length:n?.calls_answered??t.length;return i`<dl class="figures">
    ${lt("Calls in progress",$(o.callTotal),` ${$(l)} answered`)}
    ${lt("Spent a minute",s===""?"0.00":s)}
    ${n===void 0?r:lt("Registered",$(n.bindings),` contacts, ${$(n.aors)} users`)}
    ${n?.lease?.outstanding===void 0?r:lt("Set aside at the edge",m(n.lease.outstanding))}
    ${lt("Refused lately",$(o.refusals.length>=50?50:o.refusals.length),o.refusals[0]===void 0?"":` last ${C(o.refusals[0].wall_us)} ago`)}
  </dl>`}function Ns(){let t=qe();return i`<section class="card" aria-labelledby="balances-title">
    <div class="head"><h2 id="balances-title">Balances</h2></div>
    <div class="scroll ${o.accountsStale?"is-stale":""}"><table>
      <thead><tr><th scope="col">Account</th><th scope="col" class="num">Balance</th>
        <th scope="col" class="num">Set aside</th><th scope="col" class="num">Spends / min</th></tr></thead>
      <tbody>${o.accounts.slice(0,50).map(e=>i`<tr>
        <td><a href="#/accounts/${e.name}">${e.name}</a>
          ${e.is_suspended?i`<span class="tag bad">suspended</span>`:r}</td>
        <td class="num strong">${m(e.balance?.balance,e.currency)}</td>
        <td class="num">${m(e.balance?.leased)}</td>
        <td class="num">${m(t.get(e.id)??0)}</td></tr>`)}</tbody>
    </table></div>
  </section>`}function je(){return i`<h1 class="sr">Live view</h1>${A()?Me():r}${Bs()}${Ms()}
    <div class="columns">${Ns()}
      <section class="card" aria-labelledby="refusals-title">
        <div class="head"><h2 id="refusals-title">Last refusals</h2><a href="#/refusals">All</a></div>
        ${Xt(o.refusals.slice(0,10))}</section>
    </div>
    ${A()?Tt(o.low,!0):r}
    ${A()?He():r}
    ${A()?Be():r}
    <section class="card wide" aria-labelledby="cdrs-title">
      <div class="head"><h2 id="cdrs-title">Last call records</h2><a href="#/cdrs">All</a></div>
      ${zt(o.cdrs.slice(0,12))}</section>`}function Ge(){return i`<section class="card wide"><div class="head"><h1>Accounts</h1></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Class</th>
      <th scope="col" class="num">Balance</th><th scope="col" class="num">Set aside</th>
      <th scope="col" class="num">Available</th><th scope="col" class="num">Calls at once</th></tr></thead>
    <tbody>${o.accounts.map(t=>i`<tr>
      <td class="strong"><a href="#/accounts/${t.name}">${t.name}</a>
        ${t.parent===null?r:i`<span class="tag">of ${R(t.parent)}</span>`}
        ${t.is_suspended?i`<span class="tag bad">suspended</span>`:r}
        ${t.balance?.is_low===!0?i`<span class="tag bad">low</span>`:r}</td>
      <td>${t.kind}</td><td>${t.class}</td>
      <td class="num strong">${m(t.balance?.balance,t.currency)}</td>
      <td class="num">${m(t.balance?.leased)}</td><td class="num">${m(t.balance?.available)}</td>
      <td class="num">${t.channels_max??"no limit"}</td></tr>`)}</tbody></table></div></section>`}var Zt=Ke("");function Ke(t){return{name:t,readAtMs:0,account:null,endpoints:[],bindings:new Map,transfers:[],low:[],failure:"",said:"",key:V(),moveKey:V()}}async function Ls(t){for(let e of t.endpoints.slice(0,50))try{let s=await g(`/v1/endpoints/${encodeURIComponent(e.user)}/bindings`);t.bindings.set(e.user,s.items)}catch{t.bindings.set(e.user,null)}h()}async function rt(t){t.readAtMs=Date.now();let e=encodeURIComponent(t.name);try{t.account=await g(`/v1/accounts/${e}`),t.endpoints=(await g(`/v1/endpoints?account=${e}`)).items,t.transfers=(await g(`/v1/accounts/${e}/transfers?max=25`)).items,t.low=(await g(`/v1/low-balances?account=${e}&max=10`)).items,t.failure=""}catch(s){t.failure=s instanceof Error?s.message:String(s)}h(),await Ls(t)}async function Hs(t,e){t.preventDefault();let s=t.target,n=new FormData(s),a=String(n.get("amount")??"").trim().replace(",",".");try{await S("POST",`/v1/accounts/${encodeURIComponent(e.name)}/topups`,{amount:a,reason:String(n.get("reason")??"")},{"Idempotency-Key":e.key}),e.said=`${a} was added.`,e.failure="",e.key=V(),s.reset()}catch(l){e.said="",e.failure=l instanceof Error?l.message:String(l),l instanceof T&&l.isUnknown||(e.key=V())}await rt(e),await B()}async function Is(t,e,s){let n=`/v1/accounts/${encodeURIComponent(t.name)}/suspension`;try{e.is_suspended?await S("DELETE",n):await S("PUT",n,{why:String(new FormData(s??void 0).get("why")??"")}),t.failure=""}catch(a){t.failure=a instanceof Error?a.message:String(a)}await rt(t)}async function Us(t,e){t.preventDefault();let s=t.target,n=new FormData(s),a=String(n.get("child")??""),l=n.get("direction")==="down",c=String(n.get("amount")??"").trim().replace(",",".");try{await S("POST",`/v1/accounts/${encodeURIComponent(l?e.name:a)}/transfers`,{amount:c,to:l?a:e.name},{"Idempotency-Key":e.moveKey}),e.said=`${c} was moved ${l?"to":"from"} ${a}.`,e.failure="",e.moveKey=V(),s.reset()}catch(p){e.said="",e.failure=p instanceof Error?p.message:String(p),p instanceof T&&p.isUnknown||(e.moveKey=V())}await rt(e),await B()}function Os(t,e){let s=o.accounts.filter(n=>n.parent===e.id);return s.length===0?r:i`<section class="card wide" aria-labelledby="children-title">
    <div class="head"><h2 id="children-title">Sub-accounts</h2></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col" class="num">Balance</th>
      <th scope="col" class="num">Available</th></tr></thead>
    <tbody>${s.map(n=>i`<tr><td class="strong"><a href="#/accounts/${n.name}">${n.name}</a>
      ${n.is_suspended?i`<span class="tag bad">suspended</span>`:r}</td>
      <td class="num strong">${m(n.balance?.balance,n.currency)}</td>
      <td class="num">${m(n.balance?.available)}</td></tr>`)}</tbody></table></div>
    ${A()?i`<form class="stack" @submit=${n=>void Us(n,t)}>
      <label>Move <select name="direction"><option value="down">to</option><option value="up">from</option></select></label>
      <label>Sub-account <select name="child">${s.map(n=>i`<option>${n.name}</option>`)}</select></label>
      <label>Amount in ${e.currency} <input name="amount" inputmode="decimal"
        pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <button>Move money</button></form>`:r}</section>`}async function Fs(t,e,s){let n=new FormData(e),a=s?"0":String(n.get("amount")??"").trim().replace(",",".");try{await S("PUT",`/v1/accounts/${encodeURIComponent(t.name)}/lock`,{amount:a,why:String(n.get("why")??"")}),t.failure="",e.reset()}catch(l){t.failure=l instanceof Error?l.message:String(l)}await rt(t),await B()}function Vs(t,e){let s=e.balance?.lock??null,n=s?.wall_until_us??null;return i`<div class="head"><h2>Balance lock</h2></div>
    <form class="stack" @submit=${a=>{a.preventDefault(),Fs(t,a.target,s!==null)}}>
      ${s===null?i`<label>Amount in ${e.currency} <input name="amount" inputmode="decimal"
            pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>`:i`<p>${m(e.balance?.locked,e.currency)} locked by ${s.by}: ${s.why}${n===null?"":`, until ${y(n)}`}</p>`}
      <label>Why <input name="why" maxlength="150" required></label>
      ${s===null?i`<button>Lock</button>`:i`<button>Unlock</button>`}
    </form>`}function Ws(t){return i`<section class="card wide" aria-labelledby="devices-title">
    <div class="head"><h2 id="devices-title">Endpoints</h2></div>
    ${t.endpoints.length===0?i`<p class="empty">No endpoints.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">User</th><th scope="col">Numbers</th><th scope="col">Registered at</th>
      <th scope="col">Device</th><th scope="col">Expires in</th></tr></thead>
    <tbody>${t.endpoints.map(e=>{let s=t.bindings.get(e.user),n=s??[];return i`<tr><td class="strong">${e.user}
        ${e.is_disabled?i`<span class="tag bad">disabled</span>`:r}
        ${e.digest==="sha-256"?i`<span class="tag" title="Credentials by MD5 are refused.">SHA-256 only</span>`:r}</td>
        <td>${e.identities.join(", ")||"\u2013"}</td>
        <td>${s===void 0?"\u2026":s===null?"not known now":n.length===0?i`<span class="state failed">not registered</span>`:n.map(a=>i`<div>${a.source??a.uri}${a.is_flow_lost?" (connection lost)":""}</div>`)}</td>
        <td>${n.map(a=>i`<div>${a.user_agent??""}</div>`)}</td>
        <td>${n.map(a=>i`<div>${a.wall_expires_us===void 0?"":C(2*Date.now()*1e3-a.wall_expires_us)}</div>`)}</td></tr>`})}</tbody></table></div>`}</section>`}function qs(){let t=new Date;return Array.from({length:6},(e,s)=>new Date(Date.UTC(t.getUTCFullYear(),t.getUTCMonth()-s,1)).toISOString().slice(0,7))}function js(t){let e=`/v1/accounts/${encodeURIComponent(t)}/statement`;return i`<section class="card wide" aria-labelledby="monthly-title">
    <div class="head"><h2 id="monthly-title">Monthly statements</h2></div>
    <div class="scroll"><table><tbody>${qs().map(s=>i`<tr><td class="strong">${s}</td>
      <td><a href="${e}?month=${s}&format=pdf" download>PDF</a></td>
      <td><a href="${e}?month=${s}&format=csv" download>CSV</a></td></tr>`)}</tbody></table></div></section>`}function Gs(t,e){return i`<section class="card wide" aria-labelledby="statement-title">
    <div class="head"><h2 id="statement-title">Statement</h2></div>
    ${t.transfers.length===0?i`<p class="empty">No entries.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Kind</th><th scope="col" class="num">Amount</th>
      <th scope="col">By</th><th scope="col">Why</th></tr></thead>
    <tbody>${t.transfers.map(s=>i`<tr><td class="num left" title=${y(s.wall_us)}>${x(s.wall_us)}</td>
      <td>${s.kind}</td><td class="num strong">${m(s.amount,e)}</td>
      <td>${s.actor}</td><td>${s.reason}</td></tr>`)}</tbody></table></div>`}</section>`}function Ks(t,e){return i`<section class="card" aria-labelledby="act-title">
    <div class="head"><h2 id="act-title">Top up</h2></div>
    <form class="stack" @submit=${s=>void Hs(s,t)}>
      <label>Amount in ${e.currency}
        <input name="amount" inputmode="decimal" pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <label>Reason <input name="reason" maxlength="150" placeholder="Bank transfer"></label>
      <button class="primary">Top up</button>
    </form>
    <div class="head"><h2>Suspension</h2></div>
    <form class="stack" @submit=${s=>{s.preventDefault(),Is(t,e,s.target)}}>
      ${e.is_suspended?i`<p>Suspended by ${e.suspended_by}: ${e.suspended_why}</p>
          <p>${e.wall_suspended_until_us===null?"It lasts until a person ends it.":i`It ends by itself <span title=${y(e.wall_suspended_until_us)}>at
              ${x(e.wall_suspended_until_us)}</span>, unless the rule renews it.`}</p><button>Resume</button>`:i`<label>Why <input name="why" maxlength="95" required></label><button class="danger">Suspend</button>`}
    </form>${Vs(t,e)}</section>`}function ze(t){Zt.name!==t&&(Zt=Ke(t));let e=Zt;Date.now()-e.readAtMs>5e3&&rt(e);let s=e.account,n=o.accounts.find(a=>a.name===t)?.balance??s?.balance;return i`<div class="head"><h1>${t}${s?.is_suspended===!0?i` <span class="tag bad">suspended</span>`:r}</h1><a href="#/accounts">All accounts</a></div>
    ${e.failure===""?r:i`<p class="failure" role="alert">${e.failure}</p>`}
    ${e.said===""?r:i`<p class="said" role="status">${e.said}</p>`}
    ${s===null?r:i`<div class="columns"><section class="card" aria-labelledby="money-title">
        <div class="head"><h2 id="money-title">Money</h2></div>
        <dl class="facts"><div><dt>Balance</dt><dd class="big">${m(n?.balance,s.currency)}</dd></div>
          <div><dt>Available</dt><dd>${m(n?.available,s.currency)}</dd></div>
          ${n?.lock?i`<div><dt>Locked</dt><dd>${m(n.locked,s.currency)}</dd></div>`:r}
          <div><dt>Set aside at the edge</dt><dd>${m(n?.leased,s.currency)}</dd></div>
          <div><dt>Credit limit</dt><dd>${m(s.limit,s.currency)}</dd></div>
          <div><dt>Told when below</dt><dd>${n?.low_below==null?"never":i`${m(n.low_below,s.currency)}
              ${n.is_low?i`<span class="tag bad">low</span>`:r}`}</dd></div>
          ${s.parent===null?r:i`<div><dt>Sub-account of</dt><dd>${R(s.parent)}</dd></div>`}
          <div><dt>Kind and class</dt><dd>${s.kind}, ${s.class}</dd></div>
          <div><dt>Calls at once</dt><dd>${s.channels_max??"no limit"}</dd></div>
          <div><dt>Calls a second</dt><dd>${s.cps_max??"no limit"}</dd></div></dl></section>
      ${A()?Ks(e,s):r}</div>
      ${Os(e,s)}${Tt(e.low,!1)}${Ws(e)}${Gs(e,s.currency)}${js(t)}`}`}var E={decks:[],isRead:!1,failure:""},Qt=Qe("");function Qe(t){return{name:t,isRead:!1,versions:[],next:null,failure:"",said:"",badRows:[],isBusy:!1,diff:null,file:null}}var Ye=t=>t instanceof Error?t.message:String(t),Z=t=>"/v1/decks/"+encodeURIComponent(t);async function Yt(){E.isRead=!0;try{E.decks=(await g("/v1/decks?max=1000")).items,E.failure=""}catch(t){E.failure=Ye(t)}h()}async function Ct(t,e){t.isRead=!0;let s=await g(`${Z(t.name)}/versions?max=20${e===null?"":"&cursor="+e}`);t.versions=e===null?s.items:[...t.versions,...s.items],t.next=s.next}async function ct(t,e){if(!t.isBusy){t.isBusy=!0,t.said="",t.badRows=[],h();try{await e(),t.failure=""}catch(s){t.failure=Ye(s),t.badRows=s instanceof T?s.rows:[]}t.isBusy=!1,h()}}var zs=t=>t.versions.find(e=>e.is_live),Xs=(t,e)=>ct(t,async()=>{let s=zs(t)??await g(Z(t.name));t.file=null,t.diff=await g(`${Z(t.name)}/diff?from=${s.deck_version}&to=${e.deck_version}&max=200`)}),Zs=(t,e)=>ct(t,async()=>{t.diff=await Ft(`/v1/decks?name=${encodeURIComponent(t.name)}&dry_run=true&max=200`,e),t.file=e}),Qs=(t,e)=>ct(t,async()=>{let s=t.file,n=await g(Z(t.name));if(n.deck_version!==e.from)throw t.diff=t.file=null,await Ct(t,null),new Error(`Version ${n.deck_version} came in force meanwhile. Nothing was changed: look again.`);let a=s===null?await S("POST",`${Z(t.name)}/rollback?version=${e.to}`):await Ft(`/v1/decks?name=${encodeURIComponent(t.name)}`,s);t.diff=t.file=null,t.said=`Version ${a.deck_version} is in force; calls in progress keep their price.`,await Ct(t,null),await Yt()});function Xe(t){if(t===null)return"\u2013";let e=Number(t.connection_fee)===0?"":`, ${m(t.connection_fee)} at once`;return i`${yt(t.per_minute)} <small>${t.first_increment}/${t.next_increment} s${e}</small>`}function Ze(t){return[[t.up,"dearer"],[t.down,"cheaper"],[t.mixed,"mixed"],[t.new,"new"],[t.gone,"gone"],[t.same,"the same"]].filter(([e])=>e!==0).map(([e,s])=>`${$(e)} ${s}`).join(", ")||"nothing"}var Ys={up:"dearer",down:"cheaper",mixed:"mixed",new:"new",gone:"gone"};function Js(t,e){let s=e.traffic,n=s.calls===0?"No calls were priced by this deck.":`${$(s.calls)} calls: ${m(s.before,e.currency)} before, ${m(s.after,e.currency)} after (${m(s.difference,e.currency)})${s.unpriced===0?"":`; ${$(s.unpriced)} would have no price`}`+(s.is_partial?". Only a part was read.":".");return i`<section class="card wide" aria-labelledby="diff-title" id="deck-diff">
    <div class="head"><h2 id="diff-title">From version ${e.from??"none"} to
      ${t.file===null?`version ${e.to}`:`the file ${t.file.name}`}</h2></div>
    <dl class="facts"><div><dt>Prefixes</dt><dd>${Ze(e.counts)}</dd></div>
      ${e.later.map(a=>i`<div><dt title=${y(a.wall_us)}>From ${x(a.wall_us)}</dt>
        <dd>${Ze(a.counts)}</dd></div>`)}
      <div><dt>Calls of the last 7 days</dt><dd>${n}</dd></div></dl>
    ${e.changes.length===0?r:i`<div class="scroll"><table><thead><tr><th scope="col">Prefix</th>
      <th scope="col">Destination</th><th scope="col">Change</th>
      <th scope="col" class="num">Before</th><th scope="col" class="num">After</th></tr></thead>
      <tbody>${e.changes.map(a=>i`<tr><td class="strong">${a.prefix}</td><td>${a.description}</td>
        <td><span class="tag ${a.change==="up"||a.change==="gone"?"bad":""}">${Ys[a.change]??a.change}</span></td>
        <td class="num">${Xe(a.before)}</td><td class="num strong">${Xe(a.after)}</td></tr>`)}</tbody></table></div>`}
    ${e.is_cut?i`<p>More changes than are listed.</p>`:r}
    <p class="more"><button class="small" @click=${()=>{t.diff=t.file=null,h()}}>Leave it</button>
      <button class="primary" ?disabled=${t.isBusy} @click=${()=>void Qs(t,e)}>Make it live</button></p></section>`}function tn(t){return i`<section class="card wide" aria-labelledby="versions-title">
    <div class="head"><h2 id="versions-title">Versions</h2></div>
    <div class="scroll"><table class="versions"><thead><tr><th scope="col">Version</th><th scope="col">Imported</th>
      <th scope="col" class="num">Prefixes</th><th scope="col"><span class="sr">Act</span></th></tr></thead>
    <tbody>${t.versions.map(e=>i`<tr data-version=${e.deck_version}>
      <td class="strong">${e.deck_version} ${e.is_live?i`<span class="tag">in force</span>`:r}</td>
      <td class="num left" title=${y(e.wall_imported_us)}>${x(e.wall_imported_us)}</td>
      <td class="num">${$(e.prefix_count)}</td>
      <td class="act"><a href="${Z(t.name)}/csv?version=${e.deck_version}" download>CSV</a>
        ${e.is_live?r:i`<button class="small" ?disabled=${t.isBusy}
          @click=${()=>void Xs(t,e)} aria-label="What would change with version ${e.deck_version}">Compare</button>`}</td></tr>`)}</tbody></table></div>
    ${t.next===null?r:i`<p class="more"><button class="small"
      @click=${()=>void ct(t,()=>Ct(t,t.next))}>Show older</button></p>`}
    <form class="filters" @submit=${e=>{e.preventDefault();let s=new FormData(e.target).get("file");s instanceof File&&s.size>0&&Zs(t,s)}}>
      <label>New prices <input type="file" name="file" accept=".csv,text/csv" required></label>
      <button ?disabled=${t.isBusy}>${t.isBusy?"One moment\u2026":"What would change"}</button>
    </form></section>`}function en(t){Qt.name!==t&&(Qt=Qe(t));let e=Qt;e.isRead||(e.isRead=!0,ct(e,()=>Ct(e,null)));let s=E.decks.find(n=>n.name===t);return i`<div class="head"><h1>${t}</h1><a href="#/decks">All decks</a></div>
    ${s===void 0?r:i`<p class="about">${s.prices_of==="messages"?"Messages":"Calls"} in ${s.currency}, rounded ${s.rounding}; windows in ${s.time_zone}.</p>`}
    ${e.failure===""?r:i`<div class="failure" role="alert">${e.failure}${e.badRows.map(n=>i`<div>Line ${n.line}: ${n.text}</div>`)}</div>`}
    ${e.said===""?r:i`<p class="said" role="status">${e.said}</p>`}
    ${e.diff===null?r:Js(e,e.diff)}${tn(e)}`}function Je(t){return E.isRead||Yt(),t!==void 0?en(t):i`<section class="card wide"><div class="head"><h1>Decks</h1>
      <button class="small" @click=${()=>void Yt()}>Read again</button></div>
    ${E.failure===""?r:i`<p class="failure" role="alert">${E.failure}</p>`}
    ${E.decks.length===0?i`<p class="empty">No decks.</p>`:i`<div class="scroll"><table><thead><tr>
      <th scope="col">Name</th><th scope="col">Prices of</th><th scope="col">Currency</th><th scope="col" class="num">In force</th>
      <th scope="col">Imported</th><th scope="col" class="num">Prefixes</th></tr></thead>
    <tbody>${E.decks.map(e=>i`<tr><td class="strong"><a href="#/decks/${e.name}">${e.name}</a></td>
      <td>${e.prices_of}</td><td>${e.currency}</td><td class="num">version ${e.deck_version}</td>
      <td class="num left" title=${y(e.wall_imported_us)}>${x(e.wall_imported_us)}</td>
      <td class="num">${$(e.prefix_count)}</td></tr>`)}</tbody></table></div>`}</section>`}var M=null,Dt="";async function sn(t){t.preventDefault();let e=new FormData(t.target),s=String(e.get("kind")),n=new URLSearchParams({[s]:String(e.get("who")).trim(),number:String(e.get("number")).trim()});try{M=await g("/v1/explain?"+n.toString()),Dt=""}catch(a){M=null,Dt=a instanceof Error?a.message:String(a)}h()}function ts(t){return t==null||t===""?"\u2013":Array.isArray(t)?i`<ol>${t.map(e=>i`<li>${ts(e)}</li>`)}</ol>`:typeof t=="object"?Et(t):String(t)}function Et(t){return i`<dl class="facts">${Object.entries(t).map(([e,s])=>i`<div>
    <dt>${e.replaceAll("_"," ")}</dt><dd>${ts(s)}</dd></div>`)}</dl>`}function nn(t){let e=t.would==="connect"?"The call would connect.":t.would==="ask"?"The call would ask the ledger for money first, and connect if there is enough.":`The call would be refused: ${t.status??""} ${t.reason??""}`;return i`<p class=${t.would==="refuse"?"failure":"said"} role="status">${e}</p>
    ${t.why===void 0?r:i`<p>${t.why}</p>`}`}function es(){return i`<section class="card wide"><div class="head"><h1>Explain a call</h1></div>
    <form class="filters" @submit=${t=>void sn(t)}>
      <label>Who <select name="kind"><option value="account">account</option>
        <option value="endpoint">endpoint</option><option value="trunk">trunk</option></select></label>
      <label>Name <input name="who" list="names" required spellcheck="false" autocapitalize="none"></label>
      <datalist id="names">${o.accounts.map(t=>i`<option value=${t.name}></option>`)}</datalist>
      <label>Dials <input name="number" required spellcheck="false" placeholder="+49 30 123456"></label>
      <button class="primary">Explain</button>
    </form>
    ${Dt===""?r:i`<p class="failure" role="alert">${Dt}</p>`}
    ${M===null?r:i`${nn(M)}<div class="columns">
      <div><h2>Route and price</h2>${Et(M.plan)}</div>
      ${M.lease===void 0?r:i`<div><h2>Money at the edge</h2>${Et(M.lease)}</div>`}
      ${M.limits===void 0?r:i`<div><h2>Limits</h2>${Et(M.limits)}</div>`}</div>`}
  </section>`}var dt=(t,e)=>{let s=t._$AN;if(s===void 0)return!1;for(let n of s)n._$AO?.(e,!1),dt(n,e);return!0},Pt=t=>{let e,s;do{if((e=t._$AM)===void 0)break;s=e._$AN,s.delete(t),t=e}while(s?.size===0)},ss=t=>{for(let e;e=t._$AM;t=e){let s=e._$AN;if(s===void 0)e._$AN=s=new Set;else if(s.has(t))break;s.add(t),ln(e)}};function an(t){this._$AN!==void 0?(Pt(this),this._$AM=t,ss(this)):this._$AM=t}function on(t,e=!1,s=0){let n=this._$AH,a=this._$AN;if(a!==void 0&&a.size!==0)if(e)if(Array.isArray(n))for(let l=s;l<n.length;l++)dt(n[l],!1),Pt(n[l]);else n!=null&&(dt(n,!1),Pt(n));else dt(this,t)}var ln=t=>{t.type==At.CHILD&&(t._$AP??=on,t._$AQ??=an)},Mt=class extends z{constructor(){super(...arguments),this._$AN=void 0}_$AT(e,s,n){super._$AT(e,s,n),ss(this),this.isConnected=e._$AU}_$AO(e,s=!0){e!==this.isConnected&&(this.isConnected=e,e?this.reconnected?.():this.disconnected?.()),s&&(dt(this,e),Pt(this))}setValue(e){if(Re(this._$Ct))this._$Ct._$AI(e,this);else{let s=[...this._$Ct._$AH];s[this._$Ci]=e,this._$Ct._$AI(s,this,0)}}disconnected(){}reconnected(){}};var Jt=new WeakMap,ns=nt(class extends Mt{render(t){return r}update(t,[e]){let s=e!==this.G;return s&&this.G!==void 0&&this.rt(void 0),(s||this.lt!==this.ct)&&(this.G=e,this.ht=t.options?.host,this.rt(this.ct=t.element)),r}rt(t){if(this.isConnected||(t=void 0),typeof this.G=="function"){let e=this.ht??globalThis,s=Jt.get(e);s===void 0&&(s=new WeakMap,Jt.set(e,s)),s.get(this.G)!==void 0&&this.G.call(this.ht,void 0),s.set(this.G,t),t!==void 0&&this.G.call(this.ht,t)}else this.G.value=t}get lt(){return typeof this.G=="function"?Jt.get(this.ht??globalThis)?.get(this.G):this.G?.value}disconnected(){this.lt===this.ct&&this.rt(void 0)}reconnected(){this.rt(this.ct)}});function is(t){let e=t;e!==void 0&&e.isConnected&&!e.open?e.showModal():e!==void 0&&!e.isConnected&&queueMicrotask(()=>is(e))}function as(){o.ending=null,h()}function os(){let t=o.ending;return t===null?r:i`<dialog ${ns(is)} aria-labelledby="end-title" @close=${as}>
    <h2 id="end-title">End this call?</h2>
    <p><b>${t.caller}</b> ${t.wall_answer_us>0?"is talking to":"is calling"} <b>${t.callee}</b>. Both are hung up at once.</p>
    <div class="buttons">
      <button autofocus @click=${as}>Cancel</button>
      <button class="danger" id="end-confirm" @click=${()=>void we(t)}>End the call</button>
    </div>
  </dialog>`}var rn=[["","Live"],["accounts","Accounts"],["cdrs","Call records"],["refusals","Refusals"],["decks","Decks"],["explain","Explain"]];function G(t,e,s,n=""){return i`<span class="chip ${e===null?"plain":e?"good":"bad"}" title=${n}><i aria-hidden="true"></i><b>${t}</b> ${s}</span>`}function cn(){let t=o.status,e=t?.edge,s=e?.store??t?.web.store,n=s?.state==="ok",a=s===void 0?"unknown":n?"answers":"silent for "+C(s.since_wall_us??Date.now()*1e3);return i`<div class="bar" role="status" aria-label="State of the parts">
    ${G("Live",o.isFollowing,o.isFollowing?"following":"reconnecting\u2026")}
    ${A()&&t!==null?i`
      ${G("Edge",e?.state==="ready",e?.state??"unknown",e?.state==="unknown"?"It does not answer now. Calls may well go on.":"")}
      ${G("Ledger",s===void 0?null:n,a,n?"":s?.error??"")}
      ${(t.supervisor.roles??[]).filter(l=>l.name!=="edge").map(l=>G(l.name,l.state==="ready",l.state,`${l.restarts??0} restarts`))}
      ${e?.lease?.bound===void 0?r:G("At risk at most",null,m(e.lease.bound),"What grace can lose while the ledger is silent")}
      ${e?.outbox?.unsettled===void 0?r:G("Unsettled",null,String(e.outbox.unsettled),"Usages that the ledger has not booked yet")}`:r}
    ${A()&&(t?.edge.alerts??[]).length>0?G("Fraud",!1,"suspected: "+(t?.edge.alerts??[]).map(l=>l.account??"#"+l.account_id).join(", ")):r}
    ${o.callsStale?i`<span class="chip bad" title=${y(o.callsAsOfUs)}>
      <i aria-hidden="true"></i><b>Calls</b> as of ${C(o.callsAsOfUs)} ago</span>`:r}
    ${o.accountsStale?i`<span class="chip bad" title=${y(o.accountsAsOfUs)}>
      <i aria-hidden="true"></i><b>Balances</b> as of ${C(o.accountsAsOfUs)} ago</span>`:r}
    ${o.error===""?r:i`<span class="chip bad"><i aria-hidden="true"></i>${o.error}</span>`}
  </div>`}function dn(){let t=o.route[0]??"",e=rn.filter(([s])=>s!=="explain"&&s!=="decks"||A());return i`<header>
    <a class="brand" href="#/"><img src="/favicon.svg" alt="" width="26" height="26">dialtone</a>
    <nav aria-label="Pages">${e.map(([s,n])=>i`
      <a href="#/${s}" aria-current=${t===s?"page":"false"}>${n}</a>`)}
    </nav>
    <span class="who">${o.session?.name.replace(/^[a-z]+:/,"")}
      <button class="quiet" @click=${()=>void _e()}>Log out</button></span>
  </header>`}function un(){switch(o.route[0]??""){case"accounts":return o.route[1]===void 0?Ge():ze(o.route[1]);case"cdrs":return Fe();case"refusals":return Ve();case"decks":return Je(o.route[1]);case"explain":return es();default:return je()}}function ls(){return o.isChecked?o.session===null?Te():i`${dn()}${cn()}<main>${un()}</main>
    <p class="toast ${o.note===""?"is-empty":""}" role="status" aria-live="polite">${o.note}</p>
    ${os()}`:i`<p class="wait">One moment…</p>`}function rs(){o.route=location.hash.replace(/^#\/?/,"").split("/").filter(t=>t!=="").map(decodeURIComponent),o.note="",h()}var te=document.createElement("div");te.id="app";document.body.append(te);be(()=>pe(ls(),te));addEventListener("hashchange",rs);rs();ye();setInterval(()=>{o.session!==null&&!document.hidden&&h()},1e3);})();
