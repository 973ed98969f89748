"use strict";(()=>{var Lt=globalThis,ct=Lt.trustedTypes,se=ct?ct.createPolicy("lit-html",{createHTML:t=>t}):void 0,Ht="$lit$",D=`lit$${Math.random().toFixed(9).slice(2)}$`,It="?"+D,cs=`<${It}>`,H=document,Q=()=>H.createComment(""),Y=t=>t===null||typeof t!="object"&&typeof t!="function",Ut=Array.isArray,re=t=>Ut(t)||typeof t?.[Symbol.iterator]=="function",Nt=`[ 	
\f\r]`,Z=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,ne=/-->/g,ae=/>/g,N=RegExp(`>|${Nt}(?:([^\\s"'>=/]+)(${Nt}*=${Nt}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),ie=/'/g,oe=/"/g,ce=/^(?:script|style|textarea|title)$/i,Ot=t=>(e,...s)=>({_$litType$:t,strings:e,values:s}),i=Ot(1),dn=Ot(2),un=Ot(3),I=Symbol.for("lit-noChange"),r=Symbol.for("lit-nothing"),le=new WeakMap,L=H.createTreeWalker(H,129);function de(t,e){if(!Ut(t)||!t.hasOwnProperty("raw"))throw Error("invalid template strings array");return se!==void 0?se.createHTML(e):e}var ue=(t,e)=>{let s=t.length-1,a=[],n,l=e===2?"<svg>":e===3?"<math>":"",c=Z;for(let $=0;$<s;$++){let d=t[$],v,_,u=-1,b=0;for(;b<d.length&&(c.lastIndex=b,_=c.exec(d),_!==null);)b=c.lastIndex,c===Z?_[1]==="!--"?c=ne:_[1]!==void 0?c=ae:_[2]!==void 0?(ce.test(_[2])&&(n=RegExp("</"+_[2],"g")),c=N):_[3]!==void 0&&(c=N):c===N?_[0]===">"?(c=n??Z,u=-1):_[1]===void 0?u=-2:(u=c.lastIndex-_[2].length,v=_[1],c=_[3]===void 0?N:_[3]==='"'?oe:ie):c===oe||c===ie?c=N:c===ne||c===ae?c=Z:(c=N,n=void 0);let h=c===N&&t[$+1].startsWith("/>")?" ":"";l+=c===Z?d+cs:u>=0?(a.push(v),d.slice(0,u)+Ht+d.slice(u)+D+h):d+D+(u===-2?$:h)}return[de(t,l+(t[s]||"<?>")+(e===2?"</svg>":e===3?"</math>":"")),a]},J=class t{constructor({strings:e,_$litType$:s},a){let n;this.parts=[];let l=0,c=0,$=e.length-1,d=this.parts,[v,_]=ue(e,s);if(this.el=t.createElement(v,a),L.currentNode=this.el.content,s===2||s===3){let u=this.el.content.firstChild;u.replaceWith(...u.childNodes)}for(;(n=L.nextNode())!==null&&d.length<$;){if(n.nodeType===1){if(n.hasAttributes())for(let u of n.getAttributeNames())if(u.endsWith(Ht)){let b=_[c++],h=n.getAttribute(u).split(D),w=/([.?@])?(.*)/.exec(b);d.push({type:1,index:l,name:w[2],strings:h,ctor:w[1]==="."?ut:w[1]==="?"?mt:w[1]==="@"?pt:O}),n.removeAttribute(u)}else u.startsWith(D)&&(d.push({type:6,index:l}),n.removeAttribute(u));if(ce.test(n.tagName)){let u=n.textContent.split(D),b=u.length-1;if(b>0){n.textContent=ct?ct.emptyScript:"";for(let h=0;h<b;h++)n.append(u[h],Q()),L.nextNode(),d.push({type:2,index:++l});n.append(u[b],Q())}}}else if(n.nodeType===8)if(n.data===It)d.push({type:2,index:l});else{let u=-1;for(;(u=n.data.indexOf(D,u+1))!==-1;)d.push({type:7,index:l}),u+=D.length-1}l++}}static createElement(e,s){let a=H.createElement("template");return a.innerHTML=e,a}};function U(t,e,s=t,a){if(e===I)return e;let n=a!==void 0?s._$Co?.[a]:s._$Cl,l=Y(e)?void 0:e._$litDirective$;return n?.constructor!==l&&(n?._$AO?.(!1),l===void 0?n=void 0:(n=new l(t),n._$AT(t,s,a)),a!==void 0?(s._$Co??=[])[a]=n:s._$Cl=n),n!==void 0&&(e=U(t,n._$AS(t,e.values),n,a)),e}var dt=class{constructor(e,s){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=s}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:s},parts:a}=this._$AD,n=(e?.creationScope??H).importNode(s,!0);L.currentNode=n;let l=L.nextNode(),c=0,$=0,d=a[0];for(;d!==void 0;){if(c===d.index){let v;d.type===2?v=new G(l,l.nextSibling,this,e):d.type===1?v=new d.ctor(l,d.name,d.strings,this,e):d.type===6&&(v=new ht(l,this,e)),this._$AV.push(v),d=a[++$]}c!==d?.index&&(l=L.nextNode(),c++)}return L.currentNode=H,n}p(e){let s=0;for(let a of this._$AV)a!==void 0&&(a.strings!==void 0?(a._$AI(e,a,s),s+=a.strings.length-2):a._$AI(e[s])),s++}},G=class t{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,s,a,n){this.type=2,this._$AH=r,this._$AN=void 0,this._$AA=e,this._$AB=s,this._$AM=a,this.options=n,this._$Cv=n?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,s=this._$AM;return s!==void 0&&e?.nodeType===11&&(e=s.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,s=this){e=U(this,e,s),Y(e)?e===r||e==null||e===""?(this._$AH!==r&&this._$AR(),this._$AH=r):e!==this._$AH&&e!==I&&this._(e):e._$litType$!==void 0?this.$(e):e.nodeType!==void 0?this.T(e):re(e)?this.k(e):this._(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==r&&Y(this._$AH)?this._$AA.nextSibling.data=e:this.T(H.createTextNode(e)),this._$AH=e}$(e){let{values:s,_$litType$:a}=e,n=typeof a=="number"?this._$AC(e):(a.el===void 0&&(a.el=J.createElement(de(a.h,a.h[0]),this.options)),a);if(this._$AH?._$AD===n)this._$AH.p(s);else{let l=new dt(n,this),c=l.u(this.options);l.p(s),this.T(c),this._$AH=l}}_$AC(e){let s=le.get(e.strings);return s===void 0&&le.set(e.strings,s=new J(e)),s}k(e){Ut(this._$AH)||(this._$AH=[],this._$AR());let s=this._$AH,a,n=0;for(let l of e)n===s.length?s.push(a=new t(this.O(Q()),this.O(Q()),this,this.options)):a=s[n],a._$AI(l),n++;n<s.length&&(this._$AR(a&&a._$AB.nextSibling,n),s.length=n)}_$AR(e=this._$AA.nextSibling,s){for(this._$AP?.(!1,!0,s);e!==this._$AB;){let a=e.nextSibling;e.remove(),e=a}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},O=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,s,a,n,l){this.type=1,this._$AH=r,this._$AN=void 0,this.element=e,this.name=s,this._$AM=n,this.options=l,a.length>2||a[0]!==""||a[1]!==""?(this._$AH=Array(a.length-1).fill(new String),this.strings=a):this._$AH=r}_$AI(e,s=this,a,n){let l=this.strings,c=!1;if(l===void 0)e=U(this,e,s,0),c=!Y(e)||e!==this._$AH&&e!==I,c&&(this._$AH=e);else{let $=e,d,v;for(e=l[0],d=0;d<l.length-1;d++)v=U(this,$[a+d],s,d),v===I&&(v=this._$AH[d]),c||=!Y(v)||v!==this._$AH[d],v===r?e=r:e!==r&&(e+=(v??"")+l[d+1]),this._$AH[d]=v}c&&!n&&this.j(e)}j(e){e===r?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??"")}},ut=class extends O{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===r?void 0:e}},mt=class extends O{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==r)}},pt=class extends O{constructor(e,s,a,n,l){super(e,s,a,n,l),this.type=5}_$AI(e,s=this){if((e=U(this,e,s,0)??r)===I)return;let a=this._$AH,n=e===r&&a!==r||e.capture!==a.capture||e.once!==a.once||e.passive!==a.passive,l=e!==r&&(a===r||n);n&&this.element.removeEventListener(this.name,this,a),l&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},ht=class{constructor(e,s,a){this.element=e,this.type=6,this._$AN=void 0,this._$AM=s,this.options=a}get _$AU(){return this._$AM._$AU}_$AI(e){U(this,e)}},me={M:Ht,P:D,A:It,C:1,L:ue,R:dt,D:re,V:U,I:G,H:O,N:mt,U:pt,B:ut,F:ht},ds=Lt.litHtmlPolyfillSupport;ds?.(J,G),(Lt.litHtmlVersions??=[]).push("3.3.1");var pe=(t,e,s)=>{let a=s?.renderBefore??e,n=a._$litPart$;if(n===void 0){let l=s?.renderBefore??null;a._$litPart$=n=new G(e.insertBefore(Q(),l),l,void 0,s??{})}return n._$AI(t),n};var T=class extends Error{constructor(s,a,n){super(n);this.status=s;this.code=a}rows=[];get isUnknown(){return this.status===503||this.status===0}},he="";function fe(t){he=t}async function us(t){try{let e=await t.json(),s=new T(t.status,e.code??"",e.detail??e.title??t.statusText);return s.rows=e.problems??[],s}catch{return new T(t.status,"",t.statusText)}}function S(t,e,s,a={}){let n={method:t,headers:{...a},signal:AbortSignal.timeout(1e4)};return s!==void 0&&(n.headers["Content-Type"]="application/json",n.body=JSON.stringify(s)),$e(t,e,n)}var Ft=(t,e)=>$e("POST",t,{method:"POST",headers:{"Content-Type":"text/csv"},body:e,signal:AbortSignal.timeout(12e4)});async function $e(t,e,s){let a=s.headers;t!=="GET"&&(a["X-CSRF-Token"]=he);let n;try{n=await fetch(e,s)}catch{throw new T(0,"unreachable","The server does not answer.")}if(!n.ok)throw await us(n);return n.status===204?void 0:await n.json()}var g=t=>S("GET",t);function ft(){let t=crypto.getRandomValues(new Uint8Array(16));return"console-"+Array.from(t,e=>e.toString(16).padStart(2,"0")).join("")}var o={session:null,isChecked:!1,isFollowing:!1,calls:[],callTotal:0,callsAsOfUs:0,callsStale:!1,accounts:[],accountsStale:!1,accountsAsOfUs:0,cdrs:[],refusals:[],bans:[],low:[],status:null,exposureBy:"account",exposure:null,trunkNames:new Map,error:"",route:[],filter:"",shownMax:100,ending:null,note:""},ve=()=>{},Vt=!0;function be(t){ve=t}function p(){Vt&&(Vt=!1,requestAnimationFrame(()=>{Vt=!0,ve()}))}var x=()=>o.session?.role==="operator",M=t=>o.accounts.find(e=>e.id===t)?.name??(t===null||t===0?"":"#"+t);async function W(t){try{await t(),o.error=""}catch(e){if(e instanceof T&&e.status===401)return zt();o.error=e instanceof Error?e.message:String(e)}p()}var tt=()=>W(async()=>{let t=await g("/v1/calls?max=1000");o.calls=t.items.sort((e,s)=>s.wall_start_us-e.wall_start_us),o.callTotal=t.total,o.callsAsOfUs=t.as_of_wall_us,o.callsStale=t.is_stale}),V=()=>W(async()=>{let t=await g("/v1/accounts?max=1000");o.accounts=t.items,o.accountsStale=t.is_stale===!0,o.accountsAsOfUs=t.as_of_wall_us??0}),$t=()=>W(async()=>{let t=await g("/v1/refusals?max=50");o.refusals=t.items,o.cdrs=(await g("/v1/cdrs?max=50")).items}),jt=()=>W(async()=>{x()&&(o.status=await g("/v1/status"))}),et=()=>W(async()=>{if(!x())return;let t=o.exposureBy,e=await g(`/v1/exposure?by=${t}&max=1000`);if(t===o.exposureBy&&(o.exposure=e),t==="trunk"&&e.items.some(s=>s.trunk_id!==0&&!o.trunkNames.has(s.trunk_id??0))){let s=await g("/v1/trunks?max=1000");o.trunkNames=new Map(s.items.map(a=>[a.id,a.name]))}}),vt=()=>W(async()=>{x()&&(o.bans=(await g("/v1/bans")).items)}),qt=()=>W(async()=>{x()&&(o.low=(await g("/v1/low-balances?max=10")).items)}),Wt=new Set;function R(t,e){Wt.has(t)||(Wt.add(t),setTimeout(()=>{Wt.delete(t),o.session!==null&&t()},e))}var F=null;function ms(){F?.close(),F=new EventSource("/v1/events");let t=(e,s)=>{for(let a of e)F?.addEventListener(a,s)};F.addEventListener("open",()=>{o.isFollowing=!0,ge()}),F.addEventListener("error",()=>{o.isFollowing=!1,p()}),t(["call.started","call.ringing","call.answered"],()=>R(tt,200)),t(["call.ended"],()=>{R(tt,200),R(et,1e3),R($t,1500)}),t(["refusal"],()=>R($t,400)),t(["balance","config"],()=>R(V,300)),t(["registered","unregistered","store","edge","alarm","fraud.suspected","fraud.over"],()=>R(jt,300)),t(["balance.low"],()=>{R(qt,300),R(V,300)}),t(["ban.begun","ban.prolonged","ban.over","ban.lifted"],()=>R(vt,300)),t(["lost"],ge)}function ge(){for(let t of[jt,V,tt,$t,vt,qt,et])t()}setInterval(()=>{o.session===null||document.hidden||(jt(),tt(),et())},5e3);setInterval(()=>{o.session===null||document.hidden||(V(),$t(),vt(),qt())},15e3);function Gt(t){o.session=t,o.isChecked=!0,fe(t.csrf),ms(),p()}function zt(){F?.close(),F=null,Object.assign(o,{session:null,isChecked:!0,isFollowing:!1,status:null,calls:[],accounts:[],cdrs:[],refusals:[],bans:[],low:[],exposure:null,ending:null,error:""}),p()}async function ye(){try{Gt(await g("/v1/session"))}catch{zt()}}async function _e(){try{await S("DELETE","/v1/session")}catch{}zt()}var ps=6e3;function gt(t){o.note=t,setTimeout(()=>{o.note===t&&(o.note="",p())},ps)}async function we(t){try{await S("DELETE","/v1/calls/"+t.key),gt(`The call from ${t.caller} to ${t.callee} was ended.`)}catch(e){gt(e instanceof T&&e.status===404?"That call was over already.":`It could not be ended: ${String(e)}`)}o.ending=null,await tt()}async function Ae(t){try{await S("DELETE","/v1/bans/"+encodeURIComponent(t.source.replace(/\/64$/,""))),gt(`${t.source} is heard again.`)}catch(e){gt(e instanceof T&&e.status===404?"That ban was over already.":`It could not be lifted: ${String(e)}`)}await vt()}var hs=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:2}),xe=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:4}),fs=new Intl.NumberFormat("en");function m(t,e=""){if(t==null||t==="")return"\u2013";let s=Number(t),a=s!==0&&Math.abs(s)<.1?xe:hs;return(e===""?"":e+" ")+a.format(Object.is(s,-0)?0:s)}function bt(t){return xe.format(Number(t))}function f(t){return t===void 0?"\u2013":fs.format(t)}function j(t){let e=Math.max(0,Math.floor(t/1e6)),s=n=>String(n).padStart(2,"0"),a=Math.floor(e/3600);return(a>0?a+":"+s(Math.floor(e/60)%60):String(Math.floor(e/60)))+":"+s(e%60)}function A(t){let e=new Date(t/1e3);return new Date().toDateString()===e.toDateString()?e.toLocaleTimeString("en-GB"):e.toLocaleString("en-GB",{dateStyle:"medium",timeStyle:"short"})}function y(t){return new Date(t/1e3).toISOString()}function k(t,e=Date.now()){let s=Math.max(0,Math.round(e/1e3-t/1e6));return s<60?s+" s":s<3600?Math.floor(s/60)+" min":s<86400?Math.floor(s/3600)+" h":Math.floor(s/86400)+" d"}var yt="",_t=!1;async function $s(t){t.preventDefault();let e=new FormData(t.target),s=String(e.get("name")??"").trim(),a=String(e.get("password")??"");_t=!0,p();try{Gt(await S("POST","/v1/session",s===""?{key:a}:{name:s,password:a})),yt=""}catch(n){yt=n instanceof T?n.message:String(n)}_t=!1,p()}function Te(){return i`<div class="login">
    <form class="card" @submit=${t=>void $s(t)}>
      <h1><img src="/favicon.svg" alt="" width="34" height="34">dialtone</h1>
      <label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <p class="hint">Or leave the name empty and give an API key as the password.</p>
      ${yt===""?r:i`<p class="failure" role="alert">${yt}</p>`}
      <button class="primary" ?disabled=${_t}>${_t?"Checking\u2026":"Log in"}</button>
    </form>
  </div>`}var wt={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},st=t=>(...e)=>({_$litDirective$:t,values:e}),z=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,s,a){this._$Ct=e,this._$AM=s,this._$Ci=a}_$AS(e,s){return this.update(e,s)}update(e,s){return this.render(...s)}};var{I:gs}=me;var Re=t=>t.strings===void 0,Se=()=>document.createComment(""),K=(t,e,s)=>{let a=t._$AA.parentNode,n=e===void 0?t._$AB:e._$AA;if(s===void 0){let l=a.insertBefore(Se(),n),c=a.insertBefore(Se(),n);s=new gs(l,c,t,t.options)}else{let l=s._$AB.nextSibling,c=s._$AM,$=c!==t;if($){let d;s._$AQ?.(t),s._$AM=t,s._$AP!==void 0&&(d=t._$AU)!==c._$AU&&s._$AP(d)}if(l!==n||$){let d=s._$AA;for(;d!==l;){let v=d.nextSibling;a.insertBefore(d,n),d=v}}}return s},B=(t,e,s=t)=>(t._$AI(e,s),t),vs={},ke=(t,e=vs)=>t._$AH=e,Ce=t=>t._$AH,At=t=>{t._$AR(),t._$AA.remove()};var Ee=(t,e,s)=>{let a=new Map;for(let n=e;n<=s;n++)a.set(t[n],n);return a},De=st(class extends z{constructor(t){if(super(t),t.type!==wt.CHILD)throw Error("repeat() can only be used in text expressions")}dt(t,e,s){let a;s===void 0?s=e:e!==void 0&&(a=e);let n=[],l=[],c=0;for(let $ of t)n[c]=a?a($,c):c,l[c]=s($,c),c++;return{values:l,keys:n}}render(t,e,s){return this.dt(t,e,s).values}update(t,[e,s,a]){let n=Ce(t),{values:l,keys:c}=this.dt(e,s,a);if(!Array.isArray(n))return this.ut=c,l;let $=this.ut??=[],d=[],v,_,u=0,b=n.length-1,h=0,w=l.length-1;for(;u<=b&&h<=w;)if(n[u]===null)u++;else if(n[b]===null)b--;else if($[u]===c[h])d[h]=B(n[u],l[h]),u++,h++;else if($[b]===c[w])d[w]=B(n[b],l[w]),b--,w--;else if($[u]===c[w])d[w]=B(n[u],l[w]),K(t,d[w+1],n[u]),u++,w--;else if($[b]===c[h])d[h]=B(n[b],l[h]),K(t,n[u],n[b]),b--,h++;else if(v===void 0&&(v=Ee(c,h,w),_=Ee($,u,b)),v.has($[u]))if(v.has($[b])){let E=_.get(c[h]),Bt=E!==void 0?n[E]:null;if(Bt===null){let ee=K(t,n[u]);B(ee,l[h]),d[h]=ee}else d[h]=B(Bt,l[h]),K(t,n[u],Bt),n[E]=null;h++}else At(n[b]),b--;else At(n[u]),u++;for(;h<=w;){let E=K(t,d[w+1]);B(E,l[h]),d[h++]=E}for(;u<=b;){let E=n[u++];E!==null&&At(E)}return this.ut=c,ke(t,d),I}});var Pe={open:"being told",kept:"noted",told:"told","topped-up":"topped up",refused:"top-up refused","given-up":"nobody heard"};function bs(t){let e=t.state==="refused"||t.state==="given-up",s=t.state==="open"&&t.attempts>0?` (tried ${t.attempts}\xD7)`:"";return i`${e?i`<span class="state failed">${Pe[t.state]}</span>`:Pe[t.state]??t.state}${s}
    ${t.note===""?r:i`<small>${t.note}</small>`}`}function xt(t,e){return t.length===0?r:i`<section class="card wide" aria-labelledby="low-title">
    <div class="head"><h2 id="low-title">Low balances</h2></div>
    <div class="scroll"><table class="low"><thead><tr><th scope="col">When</th>
      ${e?i`<th scope="col">Account</th>`:r}
      <th scope="col" class="num">Left</th><th scope="col" class="num">Below</th>
      <th scope="col">What came of it</th><th scope="col" class="num">Added</th></tr></thead>
    <tbody>${t.map(s=>i`<tr><td class="num left" title=${y(s.wall_us)}>${A(s.wall_us)}</td>
      ${e?i`<td class="strong"><a href="#/accounts/${s.account}">${s.account}</a></td>`:r}
      <td class="num strong">${m(s.left,s.currency)}</td><td class="num">${m(s.below,s.currency)}</td>
      <td>${bs(s)}</td>
      <td class="num">${s.topup===null?"\u2013":m(s.topup,s.currency)}</td></tr>`)}</tbody></table></div></section>`}function ys(t){return[t.is_at_limits?"refused by its limits":"",t.is_hot?"hot destinations":"",t.is_sudden?"many calls, and usually quiet":""].filter(e=>e!=="").join(", ")}function _s(t){let e=t.account??"#"+t.account_id;return i`<tr data-account=${e}>
    <td class="strong"><a href="#/accounts/${e}">${e}</a></td>
    <td>${ys(t)}</td>
    <td>${t.destinations.map(s=>i`<span class="tag">${s.prefix}… ${f(s.calls)}</span> `)}</td>
    <td class="num">${f(t.calls_in_10s)}</td>
    <td class="num">${f(t.refused_in_10s)}</td>
    <td class="num strong">${m(t.money_a_minute,t.currency)}</td>
    <td class="num" title=${y(t.since_wall_us)}>${A(t.since_wall_us)}</td></tr>`}function Me(){let t=o.status?.edge.alerts??[];if(t.length===0)return r;let e=["Calls in 10 s","Refused","A minute of talk","Since"];return i`<section class="card wide" role="alert" aria-labelledby="alerts-title">
    <div class="head"><h2 id="alerts-title">Fraud suspected <span class="count">${f(t.length)}</span></h2></div>
    <div class="scroll"><table class="alerts">
      <thead><tr><th scope="col">Account</th><th scope="col">Why</th><th scope="col">Calls to</th>
        ${e.map(s=>i`<th scope="col" class="num">${s}</th>`)}</tr></thead>
      <tbody>${t.map(_s)}</tbody></table></div>
  </section>`}var ws=50;function As(t){return i`<tr data-source=${t.source}>
    <td class="strong">${t.source}${t.has_customers?i` <span class="tag" title="They are heard all the same">customers behind it</span>`:r}</td>
    <td>${t.reason}${t.actor===null?r:i` <small>by ${t.actor}</small>`}</td>
    <td class="num" title=${y(t.wall_until_us)}>${A(t.wall_until_us)}</td>
    <td class="num">${f(t.level+1)}</td>
    <td class="num">${f(t.dropped)}</td>
    <td class="act"><button class="small" @click=${()=>void Ae(t)}
      aria-label="Lift the ban of ${t.source}">Lift</button></td></tr>`}function Be(){if(o.bans.length===0)return r;let t=["Until","Times","Dropped"];return i`<section class="card wide" aria-labelledby="bans-title">
    <div class="head"><h2 id="bans-title">Banned sources <span class="count">${f(o.bans.length)}</span></h2></div>
    <div class="scroll"><table class="bans">
      <thead><tr><th scope="col">Source</th><th scope="col">Why</th>
        ${t.map(e=>i`<th scope="col" class="num">${e}</th>`)}
        <th scope="col"><span class="sr">Act</span></th></tr></thead>
      <tbody>${o.bans.slice(0,ws).map(As)}</tbody></table></div>
  </section>`}var Ne=[["account","Account"],["trunk","Trunk"],["destination","Destination"],["country","Country"]],Tt=50,Le=null;function xs(t){return t===""?"on the network, or of no country":t==="001"?"satellites and networks":(Le??=new Intl.DisplayNames(["en"],{type:"region"}),Le.of(t)??t)}function Ts(t,e){switch(t){case"account":{let s=M(e.account_id??0);return s===""?"nobody pays":i`<a href="#/accounts/${s}">${s}</a>`}case"trunk":return e.trunk_id===0?"on the network":o.trunkNames.get(e.trunk_id??0)??"#"+e.trunk_id;case"destination":return e.prefix===""?"free":e.prefix+"\u2026";case"country":return xs(e.country??"")}}function Ss(t){o.exposureBy=t.target.value,o.exposure=null,et()}function He(){let t=o.exposure,e=o.exposureBy==="account",s=["Calls","Answered","Cost so far","A minute","Set aside",...e?["Money left","Lasts"]:[]],a=t?.items??[];return i`<section class="card wide" aria-labelledby="exposure-title">
    <div class="head"><h2 id="exposure-title">Value at risk</h2>
      <select class="pick" aria-label="Sum up by" @change=${Ss}>${Ne.map(([n,l])=>i`<option value=${n} ?selected=${n===o.exposureBy}>${l}</option>`)}</select></div>
    <div class="scroll ${t?.is_stale===!0?"is-stale":""}"><table class="exposure">
      <thead><tr><th scope="col">${Ne.find(([n])=>n===o.exposureBy)?.[1]}</th>
        ${s.map(n=>i`<th scope="col" class="num">${n}</th>`)}</tr></thead>
      <tbody>${a.slice(0,Tt).map(n=>i`<tr>
        <td class="strong">${Ts(o.exposureBy,n)}</td>
        <td class="num">${f(n.calls)}</td><td class="num">${f(n.answered)}</td>
        <td class="num">${m(n.cost,n.currency)}</td>
        <td class="num strong">${m(n.cost_per_min,n.currency)}</td>
        <td class="num">${m(n.held,n.currency)}</td>
        ${e?i`<td class="num">${m(n.money_left)}</td>
          <td class="num">${n.seconds_left===void 0?"\u2013":j(n.seconds_left*1e6)}</td>`:r}</tr>`)}</tbody>
    </table>${a.length>0?r:i`<p class="empty">${t===null?"\u2026":"No call is in progress."}</p>`}</div>
    ${t===null||!t.is_stale&&t.total<=Tt?r:i`<p class="more">
      ${t.total>Tt?`The dearest ${Tt} of ${f(t.total)} are shown. `:""}
      ${t.is_stale?`As of ${k(t.as_of_wall_us)} ago: the edge does not answer now.`:""}</p>`}
  </section>`}function Kt(t){return t.length===0?i`<p class="empty">No calls yet.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">Ended</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Account</th><th scope="col" class="num">Talk</th><th scope="col" class="num">Charge</th>
      <th scope="col">Result</th></tr></thead>
    <tbody>${t.map(e=>i`<tr>
      <td class="num left" title=${y(e.wall_end_us)}>${A(e.wall_end_us)}</td>
      <td class="strong">${e.caller}</td><td class="strong">${e.callee}</td>
      <td>${M(e.account_id)||"\u2013"}</td>
      <td class="num">${e.wall_answer_us>0?j(e.talk_us):"\u2013"}</td>
      <td class="num strong">${m(e.charge,e.currency)}</td>
      <td>${e.wall_answer_us>0?i`<span class="state answered">${e.end}</span>`:i`<span class="state failed">${e.status} ${e.reason}</span>`}
        ${e.flags.filter(s=>s!=="answered").map(s=>i` <span class="tag ${s}">${s}</span>`)}</td>
    </tr>`)}</tbody></table></div>`}function Xt(t){return t.length===0?i`<p class="empty">Nobody was refused.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Reason</th></tr></thead>
    <tbody>${t.map(e=>i`<tr>
      <td class="num left" title=${y(e.wall_us)}>${A(e.wall_us)}</td>
      <td class="strong">${e.caller??""}<small>${M(e.account_id)}</small></td>
      <td class="strong">${e.callee??""}</td>
      <td><span class="state failed">${e.status??""} ${e.reason??""}</span><small>${e.why??""}</small></td>
    </tr>`)}</tbody></table></div>`}var nt={rows:[],next:null,query:"",isRead:!1,failure:""},at={rows:[],next:null,query:"",isRead:!1,failure:""};async function it(t,e,s,a){e.isRead=!0,e.query=s;try{let n=a===null?"":"&cursor="+a,l=await g(`${t}?max=100${s}${n}`);e.rows=a===null?l.items:[...e.rows,...l.items],e.next=l.next,e.failure=""}catch(n){e.failure=n instanceof Error?n.message:String(n)}p()}function Ie(t){let e="";for(let[s,a]of new FormData(t)){let n=String(a).trim();if(n!==""){let l=s==="from"||s==="to"?new Date(n).toISOString().replace(/\.\d+/,""):n;e+=`&${s}=${encodeURIComponent(l)}`}}return e}function Ue(t,e){return i`${e.failure===""?r:i`<p class="failure" role="alert">${e.failure}</p>`}
    ${e.next===null?r:i`<p class="more"><button class="small"
      @click=${()=>void it(t,e,e.query,e.next)}>Show older</button></p>`}`}var Oe=()=>i`<label>Account <select name="account"><option value="">all</option>
  ${o.accounts.map(t=>i`<option>${t.name}</option>`)}</select></label>`;function Fe(){return nt.isRead||it("/v1/cdrs",nt,"",null),i`<section class="card wide"><div class="head"><h1>Call records</h1></div>
    <form class="filters" @submit=${t=>{t.preventDefault(),it("/v1/cdrs",nt,Ie(t.target),null)}}>
      ${Oe()}
      <label>Number or user <input name="number" spellcheck="false"></label>
      <label>From <input name="from" type="datetime-local"></label>
      <label>To <input name="to" type="datetime-local"></label>
      <button class="primary">Search</button>
    </form>${Kt(nt.rows)}${Ue("/v1/cdrs",nt)}</section>`}function Ve(){return at.isRead||it("/v1/refusals",at,"",null),i`<section class="card wide"><div class="head"><h1>Refused calls</h1></div>
    <form class="filters" @submit=${t=>{t.preventDefault(),it("/v1/refusals",at,Ie(t.target),null)}}>
      ${Oe()}<button class="primary">Search</button>
    </form>${Xt(at.rows)}${Ue("/v1/refusals",at)}</section>`}var We=100,St=t=>t.wall_answer_us>0,Rt=()=>o.callsStale?0:Math.max(0,Date.now()*1e3-o.callsAsOfUs);function Rs(t){let e=Number(t.cost);return St(t)?e+Number(t.price_per_min)/6e7*Rt():e}function ks(t,e){let s=t.money_left??t.left;if(s===void 0)return"\u2013";let a=(e.get(t.account_id)??0)/6e7*Rt();return m(Math.max(0,Number(s)-a))}function Cs(t){return t.paid_until_us===void 0?t.is_emergency?"free":"\u2013":t.paid_until_us<0?"\u221E":j(t.paid_until_us-Rt())}function je(){let t=new Map;for(let e of o.calls)St(e)&&t.set(e.account_id,(t.get(e.account_id)??0)+Number(e.price_per_min));return t}function Es(t){o.ending=t,o.note="",p()}function Ds(t,e){let s=t.is_emergency?"emergency":t.is_inbound?"inbound":t.is_on_net?"on-net":"",a=M(t.account_id);return i`<tr data-key=${t.key}>
    <td data-label="Caller" class="strong">${t.caller}</td>
    <td data-label="Called" class="strong">${t.callee}${s===""?r:i` <span class="tag ${s}">${s}</span>`}</td>
    <td data-label="Account">${a===""?"\u2013":i`<a href="#/accounts/${a}">${a}</a>`}</td>
    <td data-label="State"><span class="state ${t.state}">${t.state}</span></td>
    <td data-label="Since" class="num" title=${y(t.wall_start_us)}>${A(t.wall_start_us)}</td>
    <td data-label="Talk" class="num">${St(t)?j(t.talk_us+Rt()):"\u2013"}</td>
    <td data-label="Price / min" class="num">${bt(t.price_per_min)} <small>${t.currency}</small></td>
    <td data-label="Cost so far" class="num strong">${m(Rs(t))}</td>
    <td data-label="Money left" class="num">${ks(t,e)}</td>
    <td data-label="Paid for" class="num">${Cs(t)}</td>
    ${x()?i`<td class="act"><button class="danger small" @click=${()=>Es(t)}
      aria-label="End the call from ${t.caller} to ${t.callee}">End</button></td>`:r}
  </tr>`}function Ps(t,e){return[t.caller,t.callee,M(t.account_id),t.state].some(s=>s.toLowerCase().includes(e))}function Ms(){let t=o.filter.trim().toLowerCase(),e=t===""?o.calls:o.calls.filter(l=>Ps(l,t)),s=e.slice(0,o.shownMax),a=je(),n=["Caller","Called","Account","State","Since","Talk","Price / min","Cost so far","Money left","Paid for"];return i`<section class="card wide" aria-labelledby="calls-title">
    <div class="head"><h2 id="calls-title">Calls in progress <span class="count">${f(o.callTotal)}</span></h2>
      <input type="search" placeholder="Filter: number, user, account, state" aria-label="Filter the calls"
        .value=${o.filter} @input=${l=>{o.filter=l.target.value,p()}}></div>
    <div class="scroll ${o.callsStale?"is-stale":""}"><table class="calls">
      <thead><tr>${n.map((l,c)=>i`<th scope="col" class=${c>3?"num":""}>${l}</th>`)}
        ${x()?i`<th scope="col"><span class="sr">Act</span></th>`:r}</tr></thead>
      <tbody>${De(s,l=>l.key,l=>Ds(l,a))}</tbody>
    </table>
    ${s.length>0?r:i`<p class="empty">${o.calls.length===0?"Nobody is talking now.":"No call matches."}</p>`}</div>
    ${e.length<=s.length&&o.callTotal<=o.calls.length?r:i`<p class="more">
      ${f(s.length)} of ${f(t===""?o.callTotal:e.length)} are shown.
      ${e.length>s.length?i`<button class="small" @click=${()=>{o.shownMax+=We,p()}}>Show ${We} more</button>`:r}</p>`}
  </section>`}function ot(t,e,s=""){return i`<div class="figure"><dt>${t}</dt><dd>${e}<small>${s}</small></dd></div>`}function Bs(){let t=o.calls.filter(St),e=new Map;for(let c of t)e.set(c.currency,(e.get(c.currency)??0)+Number(c.price_per_min));let s=[...e].map(([c,$])=>m($,c)).join(" + "),a=o.status?.edge,l=o.callTotal<=o.calls.length?t.length:a?.calls_answered??t.length;return i`<dl class="figures">
    ${ot("Calls in progress",f(o.callTotal),` ${f(l)} answered`)}
    ${ot("Spent a minute",s===""?"0.00":s)}
    ${a===void 0?r:ot("Registered",f(a.bindings),` contacts, ${f(a.aors)} users`)}
    ${a?.lease?.outstanding===void 0?r:ot("Set aside at the edge",m(a.lease.outstanding))}
    ${ot("Refused lately",f(o.refusals.length>=50?50:o.refusals.length),o.refusals[0]===void 0?"":` last ${k(o.refusals[0].wall_us)} ago`)}
  </dl>`}function Ns(){let t=je();return i`<section class="card" aria-labelledby="balances-title">
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
  </section>`}function qe(){return i`<h1 class="sr">Live view</h1>${x()?Me():r}${Bs()}${Ms()}
    <div class="columns">${Ns()}
      <section class="card" aria-labelledby="refusals-title">
        <div class="head"><h2 id="refusals-title">Last refusals</h2><a href="#/refusals">All</a></div>
        ${Xt(o.refusals.slice(0,10))}</section>
    </div>
    ${x()?xt(o.low,!0):r}
    ${x()?He():r}
    ${x()?Be():r}
    <section class="card wide" aria-labelledby="cdrs-title">
      <div class="head"><h2 id="cdrs-title">Last call records</h2><a href="#/cdrs">All</a></div>
      ${Kt(o.cdrs.slice(0,12))}</section>`}function Ge(){return i`<section class="card wide"><div class="head"><h1>Accounts</h1></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Class</th>
      <th scope="col" class="num">Balance</th><th scope="col" class="num">Set aside</th>
      <th scope="col" class="num">Available</th><th scope="col" class="num">Calls at once</th></tr></thead>
    <tbody>${o.accounts.map(t=>i`<tr>
      <td class="strong"><a href="#/accounts/${t.name}">${t.name}</a>
        ${t.is_suspended?i`<span class="tag bad">suspended</span>`:r}
        ${t.balance?.is_low===!0?i`<span class="tag bad">low</span>`:r}</td>
      <td>${t.kind}</td><td>${t.class}</td>
      <td class="num strong">${m(t.balance?.balance,t.currency)}</td>
      <td class="num">${m(t.balance?.leased)}</td><td class="num">${m(t.balance?.available)}</td>
      <td class="num">${t.channels_max??"no limit"}</td></tr>`)}</tbody></table></div></section>`}var Zt=ze("");function ze(t){return{name:t,readAtMs:0,account:null,endpoints:[],bindings:new Map,transfers:[],low:[],failure:"",said:"",key:ft()}}async function Ls(t){for(let e of t.endpoints.slice(0,50))try{let s=await g(`/v1/endpoints/${encodeURIComponent(e.user)}/bindings`);t.bindings.set(e.user,s.items)}catch{t.bindings.set(e.user,null)}p()}async function kt(t){t.readAtMs=Date.now();let e=encodeURIComponent(t.name);try{t.account=await g(`/v1/accounts/${e}`),t.endpoints=(await g(`/v1/endpoints?account=${e}`)).items,t.transfers=(await g(`/v1/accounts/${e}/transfers?max=25`)).items,t.low=(await g(`/v1/low-balances?account=${e}&max=10`)).items,t.failure=""}catch(s){t.failure=s instanceof Error?s.message:String(s)}p(),await Ls(t)}async function Hs(t,e){t.preventDefault();let s=t.target,a=new FormData(s),n=String(a.get("amount")??"").trim().replace(",",".");try{await S("POST",`/v1/accounts/${encodeURIComponent(e.name)}/topups`,{amount:n,reason:String(a.get("reason")??"")},{"Idempotency-Key":e.key}),e.said=`${n} was added.`,e.failure="",e.key=ft(),s.reset()}catch(l){e.said="",e.failure=l instanceof Error?l.message:String(l),l instanceof T&&l.isUnknown||(e.key=ft())}await kt(e),await V()}async function Is(t,e,s){let a=`/v1/accounts/${encodeURIComponent(t.name)}/suspension`;try{e.is_suspended?await S("DELETE",a):await S("PUT",a,{why:String(new FormData(s??void 0).get("why")??"")}),t.failure=""}catch(n){t.failure=n instanceof Error?n.message:String(n)}await kt(t)}async function Us(t,e,s){let a=new FormData(e),n=s?"0":String(a.get("amount")??"").trim().replace(",",".");try{await S("PUT",`/v1/accounts/${encodeURIComponent(t.name)}/lock`,{amount:n,why:String(a.get("why")??"")}),t.failure="",e.reset()}catch(l){t.failure=l instanceof Error?l.message:String(l)}await kt(t),await V()}function Os(t,e){let s=e.balance?.lock??null,a=s?.wall_until_us??null;return i`<div class="head"><h2>Balance lock</h2></div>
    <form class="stack" @submit=${n=>{n.preventDefault(),Us(t,n.target,s!==null)}}>
      ${s===null?i`<label>Amount in ${e.currency} <input name="amount" inputmode="decimal"
            pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>`:i`<p>${m(e.balance?.locked,e.currency)} locked by ${s.by}: ${s.why}${a===null?"":`, until ${y(a)}`}</p>`}
      <label>Why <input name="why" maxlength="150" required></label>
      ${s===null?i`<button>Lock</button>`:i`<button>Unlock</button>`}
    </form>`}function Fs(t){return i`<section class="card wide" aria-labelledby="devices-title">
    <div class="head"><h2 id="devices-title">Endpoints</h2></div>
    ${t.endpoints.length===0?i`<p class="empty">No endpoints.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">User</th><th scope="col">Numbers</th><th scope="col">Registered at</th>
      <th scope="col">Device</th><th scope="col">Expires in</th></tr></thead>
    <tbody>${t.endpoints.map(e=>{let s=t.bindings.get(e.user),a=s??[];return i`<tr><td class="strong">${e.user}
        ${e.is_disabled?i`<span class="tag bad">disabled</span>`:r}
        ${e.digest==="sha-256"?i`<span class="tag" title="Credentials by MD5 are refused.">SHA-256 only</span>`:r}</td>
        <td>${e.identities.join(", ")||"\u2013"}</td>
        <td>${s===void 0?"\u2026":s===null?"not known now":a.length===0?i`<span class="state failed">not registered</span>`:a.map(n=>i`<div>${n.source??n.uri}${n.is_flow_lost?" (connection lost)":""}</div>`)}</td>
        <td>${a.map(n=>i`<div>${n.user_agent??""}</div>`)}</td>
        <td>${a.map(n=>i`<div>${n.wall_expires_us===void 0?"":k(2*Date.now()*1e3-n.wall_expires_us)}</div>`)}</td></tr>`})}</tbody></table></div>`}</section>`}function Vs(){let t=new Date;return Array.from({length:6},(e,s)=>new Date(Date.UTC(t.getUTCFullYear(),t.getUTCMonth()-s,1)).toISOString().slice(0,7))}function Ws(t){let e=`/v1/accounts/${encodeURIComponent(t)}/statement`;return i`<section class="card wide" aria-labelledby="monthly-title">
    <div class="head"><h2 id="monthly-title">Monthly statements</h2></div>
    <div class="scroll"><table><tbody>${Vs().map(s=>i`<tr><td class="strong">${s}</td>
      <td><a href="${e}?month=${s}&format=pdf" download>PDF</a></td>
      <td><a href="${e}?month=${s}&format=csv" download>CSV</a></td></tr>`)}</tbody></table></div></section>`}function js(t,e){return i`<section class="card wide" aria-labelledby="statement-title">
    <div class="head"><h2 id="statement-title">Statement</h2></div>
    ${t.transfers.length===0?i`<p class="empty">No entries.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Kind</th><th scope="col" class="num">Amount</th>
      <th scope="col">By</th><th scope="col">Why</th></tr></thead>
    <tbody>${t.transfers.map(s=>i`<tr><td class="num left" title=${y(s.wall_us)}>${A(s.wall_us)}</td>
      <td>${s.kind}</td><td class="num strong">${m(s.amount,e)}</td>
      <td>${s.actor}</td><td>${s.reason}</td></tr>`)}</tbody></table></div>`}</section>`}function qs(t,e){return i`<section class="card" aria-labelledby="act-title">
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
              ${A(e.wall_suspended_until_us)}</span>, unless the rule renews it.`}</p><button>Resume</button>`:i`<label>Why <input name="why" maxlength="95" required></label><button class="danger">Suspend</button>`}
    </form>${Os(t,e)}</section>`}function Ke(t){Zt.name!==t&&(Zt=ze(t));let e=Zt;Date.now()-e.readAtMs>5e3&&kt(e);let s=e.account,a=o.accounts.find(n=>n.name===t)?.balance??s?.balance;return i`<div class="head"><h1>${t}${s?.is_suspended===!0?i` <span class="tag bad">suspended</span>`:r}</h1><a href="#/accounts">All accounts</a></div>
    ${e.failure===""?r:i`<p class="failure" role="alert">${e.failure}</p>`}
    ${e.said===""?r:i`<p class="said" role="status">${e.said}</p>`}
    ${s===null?r:i`<div class="columns"><section class="card" aria-labelledby="money-title">
        <div class="head"><h2 id="money-title">Money</h2></div>
        <dl class="facts"><div><dt>Balance</dt><dd class="big">${m(a?.balance,s.currency)}</dd></div>
          <div><dt>Available</dt><dd>${m(a?.available,s.currency)}</dd></div>
          ${a?.lock?i`<div><dt>Locked</dt><dd>${m(a.locked,s.currency)}</dd></div>`:r}
          <div><dt>Set aside at the edge</dt><dd>${m(a?.leased,s.currency)}</dd></div>
          <div><dt>Credit limit</dt><dd>${m(s.limit,s.currency)}</dd></div>
          <div><dt>Told when below</dt><dd>${a?.low_below==null?"never":i`${m(a.low_below,s.currency)}
              ${a.is_low?i`<span class="tag bad">low</span>`:r}`}</dd></div>
          <div><dt>Kind and class</dt><dd>${s.kind}, ${s.class}</dd></div>
          <div><dt>Calls at once</dt><dd>${s.channels_max??"no limit"}</dd></div>
          <div><dt>Calls a second</dt><dd>${s.cps_max??"no limit"}</dd></div></dl></section>
      ${x()?qs(e,s):r}</div>
      ${xt(e.low,!1)}${Fs(e)}${js(e,s.currency)}${Ws(t)}`}`}var C={decks:[],isRead:!1,failure:""},Qt=Qe("");function Qe(t){return{name:t,isRead:!1,versions:[],next:null,failure:"",said:"",badRows:[],isBusy:!1,diff:null,file:null}}var Ye=t=>t instanceof Error?t.message:String(t),X=t=>"/v1/decks/"+encodeURIComponent(t);async function Yt(){C.isRead=!0;try{C.decks=(await g("/v1/decks?max=1000")).items,C.failure=""}catch(t){C.failure=Ye(t)}p()}async function Ct(t,e){t.isRead=!0;let s=await g(`${X(t.name)}/versions?max=20${e===null?"":"&cursor="+e}`);t.versions=e===null?s.items:[...t.versions,...s.items],t.next=s.next}async function lt(t,e){if(!t.isBusy){t.isBusy=!0,t.said="",t.badRows=[],p();try{await e(),t.failure=""}catch(s){t.failure=Ye(s),t.badRows=s instanceof T?s.rows:[]}t.isBusy=!1,p()}}var Gs=t=>t.versions.find(e=>e.is_live),zs=(t,e)=>lt(t,async()=>{let s=Gs(t)??await g(X(t.name));t.file=null,t.diff=await g(`${X(t.name)}/diff?from=${s.deck_version}&to=${e.deck_version}&max=200`)}),Ks=(t,e)=>lt(t,async()=>{t.diff=await Ft(`/v1/decks?name=${encodeURIComponent(t.name)}&dry_run=true&max=200`,e),t.file=e}),Xs=(t,e)=>lt(t,async()=>{let s=t.file,a=await g(X(t.name));if(a.deck_version!==e.from)throw t.diff=t.file=null,await Ct(t,null),new Error(`Version ${a.deck_version} came in force meanwhile. Nothing was changed: look again.`);let n=s===null?await S("POST",`${X(t.name)}/rollback?version=${e.to}`):await Ft(`/v1/decks?name=${encodeURIComponent(t.name)}`,s);t.diff=t.file=null,t.said=`Version ${n.deck_version} is in force; calls in progress keep their price.`,await Ct(t,null),await Yt()});function Xe(t){if(t===null)return"\u2013";let e=Number(t.connection_fee)===0?"":`, ${m(t.connection_fee)} at once`;return i`${bt(t.per_minute)} <small>${t.first_increment}/${t.next_increment} s${e}</small>`}function Ze(t){return[[t.up,"dearer"],[t.down,"cheaper"],[t.mixed,"mixed"],[t.new,"new"],[t.gone,"gone"],[t.same,"the same"]].filter(([e])=>e!==0).map(([e,s])=>`${f(e)} ${s}`).join(", ")||"nothing"}var Zs={up:"dearer",down:"cheaper",mixed:"mixed",new:"new",gone:"gone"};function Qs(t,e){let s=e.traffic,a=s.calls===0?"No calls were priced by this deck.":`${f(s.calls)} calls: ${m(s.before,e.currency)} before, ${m(s.after,e.currency)} after (${m(s.difference,e.currency)})${s.unpriced===0?"":`; ${f(s.unpriced)} would have no price`}`+(s.is_partial?". Only a part was read.":".");return i`<section class="card wide" aria-labelledby="diff-title" id="deck-diff">
    <div class="head"><h2 id="diff-title">From version ${e.from??"none"} to
      ${t.file===null?`version ${e.to}`:`the file ${t.file.name}`}</h2></div>
    <dl class="facts"><div><dt>Prefixes</dt><dd>${Ze(e.counts)}</dd></div>
      ${e.later.map(n=>i`<div><dt title=${y(n.wall_us)}>From ${A(n.wall_us)}</dt>
        <dd>${Ze(n.counts)}</dd></div>`)}
      <div><dt>Calls of the last 7 days</dt><dd>${a}</dd></div></dl>
    ${e.changes.length===0?r:i`<div class="scroll"><table><thead><tr><th scope="col">Prefix</th>
      <th scope="col">Destination</th><th scope="col">Change</th>
      <th scope="col" class="num">Before</th><th scope="col" class="num">After</th></tr></thead>
      <tbody>${e.changes.map(n=>i`<tr><td class="strong">${n.prefix}</td><td>${n.description}</td>
        <td><span class="tag ${n.change==="up"||n.change==="gone"?"bad":""}">${Zs[n.change]??n.change}</span></td>
        <td class="num">${Xe(n.before)}</td><td class="num strong">${Xe(n.after)}</td></tr>`)}</tbody></table></div>`}
    ${e.is_cut?i`<p>More changes than are listed.</p>`:r}
    <p class="more"><button class="small" @click=${()=>{t.diff=t.file=null,p()}}>Leave it</button>
      <button class="primary" ?disabled=${t.isBusy} @click=${()=>void Xs(t,e)}>Make it live</button></p></section>`}function Ys(t){return i`<section class="card wide" aria-labelledby="versions-title">
    <div class="head"><h2 id="versions-title">Versions</h2></div>
    <div class="scroll"><table class="versions"><thead><tr><th scope="col">Version</th><th scope="col">Imported</th>
      <th scope="col" class="num">Prefixes</th><th scope="col"><span class="sr">Act</span></th></tr></thead>
    <tbody>${t.versions.map(e=>i`<tr data-version=${e.deck_version}>
      <td class="strong">${e.deck_version} ${e.is_live?i`<span class="tag">in force</span>`:r}</td>
      <td class="num left" title=${y(e.wall_imported_us)}>${A(e.wall_imported_us)}</td>
      <td class="num">${f(e.prefix_count)}</td>
      <td class="act"><a href="${X(t.name)}/csv?version=${e.deck_version}" download>CSV</a>
        ${e.is_live?r:i`<button class="small" ?disabled=${t.isBusy}
          @click=${()=>void zs(t,e)} aria-label="What would change with version ${e.deck_version}">Compare</button>`}</td></tr>`)}</tbody></table></div>
    ${t.next===null?r:i`<p class="more"><button class="small"
      @click=${()=>void lt(t,()=>Ct(t,t.next))}>Show older</button></p>`}
    <form class="filters" @submit=${e=>{e.preventDefault();let s=new FormData(e.target).get("file");s instanceof File&&s.size>0&&Ks(t,s)}}>
      <label>New prices <input type="file" name="file" accept=".csv,text/csv" required></label>
      <button ?disabled=${t.isBusy}>${t.isBusy?"One moment\u2026":"What would change"}</button>
    </form></section>`}function Js(t){Qt.name!==t&&(Qt=Qe(t));let e=Qt;e.isRead||(e.isRead=!0,lt(e,()=>Ct(e,null)));let s=C.decks.find(a=>a.name===t);return i`<div class="head"><h1>${t}</h1><a href="#/decks">All decks</a></div>
    ${s===void 0?r:i`<p class="about">${s.prices_of==="messages"?"Messages":"Calls"} in ${s.currency}, rounded ${s.rounding}; windows in ${s.time_zone}.</p>`}
    ${e.failure===""?r:i`<div class="failure" role="alert">${e.failure}${e.badRows.map(a=>i`<div>Line ${a.line}: ${a.text}</div>`)}</div>`}
    ${e.said===""?r:i`<p class="said" role="status">${e.said}</p>`}
    ${e.diff===null?r:Qs(e,e.diff)}${Ys(e)}`}function Je(t){return C.isRead||Yt(),t!==void 0?Js(t):i`<section class="card wide"><div class="head"><h1>Decks</h1>
      <button class="small" @click=${()=>void Yt()}>Read again</button></div>
    ${C.failure===""?r:i`<p class="failure" role="alert">${C.failure}</p>`}
    ${C.decks.length===0?i`<p class="empty">No decks.</p>`:i`<div class="scroll"><table><thead><tr>
      <th scope="col">Name</th><th scope="col">Prices of</th><th scope="col">Currency</th><th scope="col" class="num">In force</th>
      <th scope="col">Imported</th><th scope="col" class="num">Prefixes</th></tr></thead>
    <tbody>${C.decks.map(e=>i`<tr><td class="strong"><a href="#/decks/${e.name}">${e.name}</a></td>
      <td>${e.prices_of}</td><td>${e.currency}</td><td class="num">version ${e.deck_version}</td>
      <td class="num left" title=${y(e.wall_imported_us)}>${A(e.wall_imported_us)}</td>
      <td class="num">${f(e.prefix_count)}</td></tr>`)}</tbody></table></div>`}</section>`}var P=null,Dt="";async function tn(t){t.preventDefault();let e=new FormData(t.target),s=String(e.get("kind")),a=new URLSearchParams({[s]:String(e.get("who")).trim(),number:String(e.get("number")).trim()});try{P=await g("/v1/explain?"+a.toString()),Dt=""}catch(n){P=null,Dt=n instanceof Error?n.message:String(n)}p()}function ts(t){return t==null||t===""?"\u2013":Array.isArray(t)?i`<ol>${t.map(e=>i`<li>${ts(e)}</li>`)}</ol>`:typeof t=="object"?Et(t):String(t)}function Et(t){return i`<dl class="facts">${Object.entries(t).map(([e,s])=>i`<div>
    <dt>${e.replaceAll("_"," ")}</dt><dd>${ts(s)}</dd></div>`)}</dl>`}function en(t){let e=t.would==="connect"?"The call would connect.":t.would==="ask"?"The call would ask the ledger for money first, and connect if there is enough.":`The call would be refused: ${t.status??""} ${t.reason??""}`;return i`<p class=${t.would==="refuse"?"failure":"said"} role="status">${e}</p>
    ${t.why===void 0?r:i`<p>${t.why}</p>`}`}function es(){return i`<section class="card wide"><div class="head"><h1>Explain a call</h1></div>
    <form class="filters" @submit=${t=>void tn(t)}>
      <label>Who <select name="kind"><option value="account">account</option>
        <option value="endpoint">endpoint</option><option value="trunk">trunk</option></select></label>
      <label>Name <input name="who" list="names" required spellcheck="false" autocapitalize="none"></label>
      <datalist id="names">${o.accounts.map(t=>i`<option value=${t.name}></option>`)}</datalist>
      <label>Dials <input name="number" required spellcheck="false" placeholder="+49 30 123456"></label>
      <button class="primary">Explain</button>
    </form>
    ${Dt===""?r:i`<p class="failure" role="alert">${Dt}</p>`}
    ${P===null?r:i`${en(P)}<div class="columns">
      <div><h2>Route and price</h2>${Et(P.plan)}</div>
      ${P.lease===void 0?r:i`<div><h2>Money at the edge</h2>${Et(P.lease)}</div>`}
      ${P.limits===void 0?r:i`<div><h2>Limits</h2>${Et(P.limits)}</div>`}</div>`}
  </section>`}var rt=(t,e)=>{let s=t._$AN;if(s===void 0)return!1;for(let a of s)a._$AO?.(e,!1),rt(a,e);return!0},Pt=t=>{let e,s;do{if((e=t._$AM)===void 0)break;s=e._$AN,s.delete(t),t=e}while(s?.size===0)},ss=t=>{for(let e;e=t._$AM;t=e){let s=e._$AN;if(s===void 0)e._$AN=s=new Set;else if(s.has(t))break;s.add(t),an(e)}};function sn(t){this._$AN!==void 0?(Pt(this),this._$AM=t,ss(this)):this._$AM=t}function nn(t,e=!1,s=0){let a=this._$AH,n=this._$AN;if(n!==void 0&&n.size!==0)if(e)if(Array.isArray(a))for(let l=s;l<a.length;l++)rt(a[l],!1),Pt(a[l]);else a!=null&&(rt(a,!1),Pt(a));else rt(this,t)}var an=t=>{t.type==wt.CHILD&&(t._$AP??=nn,t._$AQ??=sn)},Mt=class extends z{constructor(){super(...arguments),this._$AN=void 0}_$AT(e,s,a){super._$AT(e,s,a),ss(this),this.isConnected=e._$AU}_$AO(e,s=!0){e!==this.isConnected&&(this.isConnected=e,e?this.reconnected?.():this.disconnected?.()),s&&(rt(this,e),Pt(this))}setValue(e){if(Re(this._$Ct))this._$Ct._$AI(e,this);else{let s=[...this._$Ct._$AH];s[this._$Ci]=e,this._$Ct._$AI(s,this,0)}}disconnected(){}reconnected(){}};var Jt=new WeakMap,ns=st(class extends Mt{render(t){return r}update(t,[e]){let s=e!==this.G;return s&&this.G!==void 0&&this.rt(void 0),(s||this.lt!==this.ct)&&(this.G=e,this.ht=t.options?.host,this.rt(this.ct=t.element)),r}rt(t){if(this.isConnected||(t=void 0),typeof this.G=="function"){let e=this.ht??globalThis,s=Jt.get(e);s===void 0&&(s=new WeakMap,Jt.set(e,s)),s.get(this.G)!==void 0&&this.G.call(this.ht,void 0),s.set(this.G,t),t!==void 0&&this.G.call(this.ht,t)}else this.G.value=t}get lt(){return typeof this.G=="function"?Jt.get(this.ht??globalThis)?.get(this.G):this.G?.value}disconnected(){this.lt===this.ct&&this.rt(void 0)}reconnected(){this.rt(this.ct)}});function is(t){let e=t;e!==void 0&&e.isConnected&&!e.open?e.showModal():e!==void 0&&!e.isConnected&&queueMicrotask(()=>is(e))}function as(){o.ending=null,p()}function os(){let t=o.ending;return t===null?r:i`<dialog ${ns(is)} aria-labelledby="end-title" @close=${as}>
    <h2 id="end-title">End this call?</h2>
    <p><b>${t.caller}</b> ${t.wall_answer_us>0?"is talking to":"is calling"} <b>${t.callee}</b>. Both are hung up at once.</p>
    <div class="buttons">
      <button autofocus @click=${as}>Cancel</button>
      <button class="danger" id="end-confirm" @click=${()=>void we(t)}>End the call</button>
    </div>
  </dialog>`}var on=[["","Live"],["accounts","Accounts"],["cdrs","Call records"],["refusals","Refusals"],["decks","Decks"],["explain","Explain"]];function q(t,e,s,a=""){return i`<span class="chip ${e===null?"plain":e?"good":"bad"}" title=${a}><i aria-hidden="true"></i><b>${t}</b> ${s}</span>`}function ln(){let t=o.status,e=t?.edge,s=e?.store??t?.web.store,a=s?.state==="ok",n=s===void 0?"unknown":a?"answers":"silent for "+k(s.since_wall_us??Date.now()*1e3);return i`<div class="bar" role="status" aria-label="State of the parts">
    ${q("Live",o.isFollowing,o.isFollowing?"following":"reconnecting\u2026")}
    ${x()&&t!==null?i`
      ${q("Edge",e?.state==="ready",e?.state??"unknown",e?.state==="unknown"?"It does not answer now. Calls may well go on.":"")}
      ${q("Ledger",s===void 0?null:a,n,a?"":s?.error??"")}
      ${(t.supervisor.roles??[]).filter(l=>l.name!=="edge").map(l=>q(l.name,l.state==="ready",l.state,`${l.restarts??0} restarts`))}
      ${e?.lease?.bound===void 0?r:q("At risk at most",null,m(e.lease.bound),"What grace can lose while the ledger is silent")}
      ${e?.outbox?.unsettled===void 0?r:q("Unsettled",null,String(e.outbox.unsettled),"Usages that the ledger has not booked yet")}`:r}
    ${x()&&(t?.edge.alerts??[]).length>0?q("Fraud",!1,"suspected: "+(t?.edge.alerts??[]).map(l=>l.account??"#"+l.account_id).join(", ")):r}
    ${o.callsStale?i`<span class="chip bad" title=${y(o.callsAsOfUs)}>
      <i aria-hidden="true"></i><b>Calls</b> as of ${k(o.callsAsOfUs)} ago</span>`:r}
    ${o.accountsStale?i`<span class="chip bad" title=${y(o.accountsAsOfUs)}>
      <i aria-hidden="true"></i><b>Balances</b> as of ${k(o.accountsAsOfUs)} ago</span>`:r}
    ${o.error===""?r:i`<span class="chip bad"><i aria-hidden="true"></i>${o.error}</span>`}
  </div>`}function rn(){let t=o.route[0]??"",e=on.filter(([s])=>s!=="explain"&&s!=="decks"||x());return i`<header>
    <a class="brand" href="#/"><img src="/favicon.svg" alt="" width="26" height="26">dialtone</a>
    <nav aria-label="Pages">${e.map(([s,a])=>i`
      <a href="#/${s}" aria-current=${t===s?"page":"false"}>${a}</a>`)}
    </nav>
    <span class="who">${o.session?.name.replace(/^[a-z]+:/,"")}
      <button class="quiet" @click=${()=>void _e()}>Log out</button></span>
  </header>`}function cn(){switch(o.route[0]??""){case"accounts":return o.route[1]===void 0?Ge():Ke(o.route[1]);case"cdrs":return Fe();case"refusals":return Ve();case"decks":return Je(o.route[1]);case"explain":return es();default:return qe()}}function ls(){return o.isChecked?o.session===null?Te():i`${rn()}${ln()}<main>${cn()}</main>
    <p class="toast ${o.note===""?"is-empty":""}" role="status" aria-live="polite">${o.note}</p>
    ${os()}`:i`<p class="wait">One moment…</p>`}function rs(){o.route=location.hash.replace(/^#\/?/,"").split("/").filter(t=>t!=="").map(decodeURIComponent),o.note="",p()}var te=document.createElement("div");te.id="app";document.body.append(te);be(()=>pe(ls(),te));addEventListener("hashchange",rs);rs();ye();setInterval(()=>{o.session!==null&&!document.hidden&&p()},1e3);})();
