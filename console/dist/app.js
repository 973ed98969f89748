"use strict";(()=>{var Ct=globalThis,it=Ct.trustedTypes,qt=it?it.createPolicy("lit-html",{createHTML:t=>t}):void 0,Rt="$lit$",R=`lit$${Math.random().toFixed(9).slice(2)}$`,Et="?"+R,je=`<${Et}>`,N=document,V=()=>N.createComment(""),z=t=>t===null||typeof t!="object"&&typeof t!="function",kt=Array.isArray,Qt=t=>kt(t)||typeof t?.[Symbol.iterator]=="function",St=`[ 	
\f\r]`,G=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,Gt=/-->/g,Vt=/>/g,P=RegExp(`>|${St}(?:([^\\s"'>=/]+)(${St}*=${St}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),zt=/'/g,Kt=/"/g,Xt=/^(?:script|style|textarea|title)$/i,Mt=t=>(e,...s)=>({_$litType$:t,strings:e,values:s}),i=Mt(1),Ss=Mt(2),Cs=Mt(3),H=Symbol.for("lit-noChange"),c=Symbol.for("lit-nothing"),Zt=new WeakMap,D=N.createTreeWalker(N,129);function Jt(t,e){if(!kt(t)||!t.hasOwnProperty("raw"))throw Error("invalid template strings array");return qt!==void 0?qt.createHTML(e):e}var Yt=(t,e)=>{let s=t.length-1,n=[],a,l=e===2?"<svg>":e===3?"<math>":"",r=G;for(let p=0;p<s;p++){let d=t[p],h,v,u=-1,f=0;for(;f<d.length&&(r.lastIndex=f,v=r.exec(d),v!==null);)f=r.lastIndex,r===G?v[1]==="!--"?r=Gt:v[1]!==void 0?r=Vt:v[2]!==void 0?(Xt.test(v[2])&&(a=RegExp("</"+v[2],"g")),r=P):v[3]!==void 0&&(r=P):r===P?v[0]===">"?(r=a??G,u=-1):v[1]===void 0?u=-2:(u=r.lastIndex-v[2].length,h=v[1],r=v[3]===void 0?P:v[3]==='"'?Kt:zt):r===Kt||r===zt?r=P:r===Gt||r===Vt?r=G:(r=P,a=void 0);let m=r===P&&t[p+1].startsWith("/>")?" ":"";l+=r===G?d+je:u>=0?(n.push(h),d.slice(0,u)+Rt+d.slice(u)+R+m):d+R+(u===-2?p:m)}return[Jt(t,l+(t[s]||"<?>")+(e===2?"</svg>":e===3?"</math>":"")),n]},K=class t{constructor({strings:e,_$litType$:s},n){let a;this.parts=[];let l=0,r=0,p=e.length-1,d=this.parts,[h,v]=Yt(e,s);if(this.el=t.createElement(h,n),D.currentNode=this.el.content,s===2||s===3){let u=this.el.content.firstChild;u.replaceWith(...u.childNodes)}for(;(a=D.nextNode())!==null&&d.length<p;){if(a.nodeType===1){if(a.hasAttributes())for(let u of a.getAttributeNames())if(u.endsWith(Rt)){let f=v[r++],m=a.getAttribute(u).split(R),b=/([.?@])?(.*)/.exec(f);d.push({type:1,index:l,name:b[2],strings:m,ctor:b[1]==="."?lt:b[1]==="?"?rt:b[1]==="@"?ct:B}),a.removeAttribute(u)}else u.startsWith(R)&&(d.push({type:6,index:l}),a.removeAttribute(u));if(Xt.test(a.tagName)){let u=a.textContent.split(R),f=u.length-1;if(f>0){a.textContent=it?it.emptyScript:"";for(let m=0;m<f;m++)a.append(u[m],V()),D.nextNode(),d.push({type:2,index:++l});a.append(u[f],V())}}}else if(a.nodeType===8)if(a.data===Et)d.push({type:2,index:l});else{let u=-1;for(;(u=a.data.indexOf(R,u+1))!==-1;)d.push({type:7,index:l}),u+=R.length-1}l++}}static createElement(e,s){let n=N.createElement("template");return n.innerHTML=e,n}};function L(t,e,s=t,n){if(e===H)return e;let a=n!==void 0?s._$Co?.[n]:s._$Cl,l=z(e)?void 0:e._$litDirective$;return a?.constructor!==l&&(a?._$AO?.(!1),l===void 0?a=void 0:(a=new l(t),a._$AT(t,s,n)),n!==void 0?(s._$Co??=[])[n]=a:s._$Cl=a),a!==void 0&&(e=L(t,a._$AS(t,e.values),a,n)),e}var ot=class{constructor(e,s){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=s}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:s},parts:n}=this._$AD,a=(e?.creationScope??N).importNode(s,!0);D.currentNode=a;let l=D.nextNode(),r=0,p=0,d=n[0];for(;d!==void 0;){if(r===d.index){let h;d.type===2?h=new F(l,l.nextSibling,this,e):d.type===1?h=new d.ctor(l,d.name,d.strings,this,e):d.type===6&&(h=new dt(l,this,e)),this._$AV.push(h),d=n[++p]}r!==d?.index&&(l=D.nextNode(),r++)}return D.currentNode=N,a}p(e){let s=0;for(let n of this._$AV)n!==void 0&&(n.strings!==void 0?(n._$AI(e,n,s),s+=n.strings.length-2):n._$AI(e[s])),s++}},F=class t{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,s,n,a){this.type=2,this._$AH=c,this._$AN=void 0,this._$AA=e,this._$AB=s,this._$AM=n,this.options=a,this._$Cv=a?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,s=this._$AM;return s!==void 0&&e?.nodeType===11&&(e=s.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,s=this){e=L(this,e,s),z(e)?e===c||e==null||e===""?(this._$AH!==c&&this._$AR(),this._$AH=c):e!==this._$AH&&e!==H&&this._(e):e._$litType$!==void 0?this.$(e):e.nodeType!==void 0?this.T(e):Qt(e)?this.k(e):this._(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==c&&z(this._$AH)?this._$AA.nextSibling.data=e:this.T(N.createTextNode(e)),this._$AH=e}$(e){let{values:s,_$litType$:n}=e,a=typeof n=="number"?this._$AC(e):(n.el===void 0&&(n.el=K.createElement(Jt(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===a)this._$AH.p(s);else{let l=new ot(a,this),r=l.u(this.options);l.p(s),this.T(r),this._$AH=l}}_$AC(e){let s=Zt.get(e.strings);return s===void 0&&Zt.set(e.strings,s=new K(e)),s}k(e){kt(this._$AH)||(this._$AH=[],this._$AR());let s=this._$AH,n,a=0;for(let l of e)a===s.length?s.push(n=new t(this.O(V()),this.O(V()),this,this.options)):n=s[a],n._$AI(l),a++;a<s.length&&(this._$AR(n&&n._$AB.nextSibling,a),s.length=a)}_$AR(e=this._$AA.nextSibling,s){for(this._$AP?.(!1,!0,s);e!==this._$AB;){let n=e.nextSibling;e.remove(),e=n}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},B=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,s,n,a,l){this.type=1,this._$AH=c,this._$AN=void 0,this.element=e,this.name=s,this._$AM=a,this.options=l,n.length>2||n[0]!==""||n[1]!==""?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=c}_$AI(e,s=this,n,a){let l=this.strings,r=!1;if(l===void 0)e=L(this,e,s,0),r=!z(e)||e!==this._$AH&&e!==H,r&&(this._$AH=e);else{let p=e,d,h;for(e=l[0],d=0;d<l.length-1;d++)h=L(this,p[n+d],s,d),h===H&&(h=this._$AH[d]),r||=!z(h)||h!==this._$AH[d],h===c?e=c:e!==c&&(e+=(h??"")+l[d+1]),this._$AH[d]=h}r&&!a&&this.j(e)}j(e){e===c?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??"")}},lt=class extends B{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===c?void 0:e}},rt=class extends B{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==c)}},ct=class extends B{constructor(e,s,n,a,l){super(e,s,n,a,l),this.type=5}_$AI(e,s=this){if((e=L(this,e,s,0)??c)===H)return;let n=this._$AH,a=e===c&&n!==c||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,l=e!==c&&(n===c||a);a&&this.element.removeEventListener(this.name,this,n),l&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},dt=class{constructor(e,s,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=s,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){L(this,e)}},te={M:Rt,P:R,A:Et,C:1,L:Yt,R:ot,D:Qt,V:L,I:F,H:B,N:rt,U:ct,B:lt,F:dt},We=Ct.litHtmlPolyfillSupport;We?.(K,F),(Ct.litHtmlVersions??=[]).push("3.3.1");var ee=(t,e,s)=>{let n=s?.renderBefore??e,a=n._$litPart$;if(a===void 0){let l=s?.renderBefore??null;n._$litPart$=a=new F(e.insertBefore(V(),l),l,void 0,s??{})}return a._$AI(t),a};var w=class extends Error{constructor(s,n,a){super(a);this.status=s;this.code=n}get isUnknown(){return this.status===503||this.status===0}},se="";function ne(t){se=t}async function qe(t){try{let e=await t.json();return new w(t.status,e.code??"",e.detail??e.title??t.statusText)}catch{return new w(t.status,"",t.statusText)}}async function x(t,e,s,n={}){let a={method:t,headers:{...n},signal:AbortSignal.timeout(1e4)},l=a.headers;s!==void 0&&(l["Content-Type"]="application/json",a.body=JSON.stringify(s)),t!=="GET"&&(l["X-CSRF-Token"]=se);let r;try{r=await fetch(e,a)}catch{throw new w(0,"unreachable","The server does not answer.")}if(!r.ok)throw await qe(r);return r.status===204?void 0:await r.json()}var y=t=>x("GET",t);function ut(){let t=crypto.getRandomValues(new Uint8Array(16));return"console-"+Array.from(t,e=>e.toString(16).padStart(2,"0")).join("")}var o={session:null,isChecked:!1,isFollowing:!1,calls:[],callTotal:0,callsAsOfUs:0,callsStale:!1,accounts:[],accountsStale:!1,accountsAsOfUs:0,cdrs:[],refusals:[],bans:[],status:null,error:"",route:[],filter:"",shownMax:100,ending:null,note:""},ie=()=>{},Pt=!0;function oe(t){ie=t}function $(){Pt&&(Pt=!1,requestAnimationFrame(()=>{Pt=!0,ie()}))}var T=()=>o.session?.role==="operator",j=t=>o.accounts.find(e=>e.id===t)?.name??(t===null||t===0?"":"#"+t);async function Q(t){try{await t(),o.error=""}catch(e){if(e instanceof w&&e.status===401)return Lt();o.error=e instanceof Error?e.message:String(e)}$()}var Z=()=>Q(async()=>{let t=await y("/v1/calls?max=1000");o.calls=t.items.sort((e,s)=>s.wall_start_us-e.wall_start_us),o.callTotal=t.total,o.callsAsOfUs=t.as_of_wall_us,o.callsStale=t.is_stale}),X=()=>Q(async()=>{let t=await y("/v1/accounts?max=1000");o.accounts=t.items,o.accountsStale=t.is_stale===!0,o.accountsAsOfUs=t.as_of_wall_us??0}),mt=()=>Q(async()=>{let t=await y("/v1/refusals?max=50");o.refusals=t.items,o.cdrs=(await y("/v1/cdrs?max=50")).items}),Nt=()=>Q(async()=>{T()&&(o.status=await y("/v1/status"))}),ht=()=>Q(async()=>{T()&&(o.bans=(await y("/v1/bans")).items)}),Dt=new Set;function U(t,e){Dt.has(t)||(Dt.add(t),setTimeout(()=>{Dt.delete(t),o.session!==null&&t()},e))}var O=null;function Ge(){O?.close(),O=new EventSource("/v1/events");let t=(e,s)=>{for(let n of e)O?.addEventListener(n,s)};O.addEventListener("open",()=>{o.isFollowing=!0,ae()}),O.addEventListener("error",()=>{o.isFollowing=!1,$()}),t(["call.started","call.ringing","call.answered"],()=>U(Z,200)),t(["call.ended"],()=>{U(Z,200),U(mt,1500)}),t(["refusal"],()=>U(mt,400)),t(["balance","config"],()=>U(X,300)),t(["registered","unregistered","store","edge","alarm","fraud.suspected","fraud.over"],()=>U(Nt,300)),t(["ban.begun","ban.prolonged","ban.over","ban.lifted"],()=>U(ht,300)),t(["lost"],ae)}function ae(){for(let t of[Nt,X,Z,mt,ht])t()}setInterval(()=>{o.session===null||document.hidden||(Nt(),Z())},5e3);setInterval(()=>{o.session===null||document.hidden||(X(),mt(),ht())},15e3);function Ht(t){o.session=t,o.isChecked=!0,ne(t.csrf),Ge(),$()}function Lt(){O?.close(),O=null,Object.assign(o,{session:null,isChecked:!0,isFollowing:!1,status:null,calls:[],accounts:[],cdrs:[],refusals:[],bans:[],ending:null,error:""}),$()}async function le(){try{Ht(await y("/v1/session"))}catch{Lt()}}async function re(){try{await x("DELETE","/v1/session")}catch{}Lt()}var Ve=6e3;function pt(t){o.note=t,setTimeout(()=>{o.note===t&&(o.note="",$())},Ve)}async function ce(t){try{await x("DELETE","/v1/calls/"+t.key),pt(`The call from ${t.caller} to ${t.callee} was ended.`)}catch(e){pt(e instanceof w&&e.status===404?"That call was over already.":`It could not be ended: ${String(e)}`)}o.ending=null,await Z()}async function de(t){try{await x("DELETE","/v1/bans/"+encodeURIComponent(t.source.replace(/\/64$/,""))),pt(`${t.source} is heard again.`)}catch(e){pt(e instanceof w&&e.status===404?"That ban was over already.":`It could not be lifted: ${String(e)}`)}await ht()}var ze=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:2}),ue=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:4}),Ke=new Intl.NumberFormat("en");function g(t,e=""){if(t==null||t==="")return"\u2013";let s=Number(t),n=s!==0&&Math.abs(s)<.1?ue:ze;return(e===""?"":e+" ")+n.format(Object.is(s,-0)?0:s)}function me(t){return ue.format(Number(t))}function _(t){return t===void 0?"\u2013":Ke.format(t)}function J(t){let e=Math.max(0,Math.floor(t/1e6)),s=a=>String(a).padStart(2,"0"),n=Math.floor(e/3600);return(n>0?n+":"+s(Math.floor(e/60)%60):String(Math.floor(e/60)))+":"+s(e%60)}function S(t){let e=new Date(t/1e3);return new Date().toDateString()===e.toDateString()?e.toLocaleTimeString("en-GB"):e.toLocaleString("en-GB",{dateStyle:"medium",timeStyle:"short"})}function A(t){return new Date(t/1e3).toISOString()}function k(t,e=Date.now()){let s=Math.max(0,Math.round(e/1e3-t/1e6));return s<60?s+" s":s<3600?Math.floor(s/60)+" min":s<86400?Math.floor(s/3600)+" h":Math.floor(s/86400)+" d"}var ft="",$t=!1;async function Ze(t){t.preventDefault();let e=new FormData(t.target),s=String(e.get("name")??"").trim(),n=String(e.get("password")??"");$t=!0,$();try{Ht(await x("POST","/v1/session",s===""?{key:n}:{name:s,password:n})),ft=""}catch(a){ft=a instanceof w?a.message:String(a)}$t=!1,$()}function pe(){return i`<div class="login">
    <form class="card" @submit=${t=>void Ze(t)}>
      <h1><img src="/favicon.svg" alt="" width="34" height="34">dialtone</h1>
      <label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <p class="hint">Or leave the name empty and give an API key as the password.</p>
      ${ft===""?c:i`<p class="failure" role="alert">${ft}</p>`}
      <button class="primary" ?disabled=${$t}>${$t?"Checking\u2026":"Log in"}</button>
    </form>
  </div>`}var gt={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},Y=t=>(...e)=>({_$litDirective$:t,values:e}),W=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,s,n){this._$Ct=e,this._$AM=s,this._$Ci=n}_$AS(e,s){return this.update(e,s)}update(e,s){return this.render(...s)}};var{I:Qe}=te;var fe=t=>t.strings===void 0,he=()=>document.createComment(""),q=(t,e,s)=>{let n=t._$AA.parentNode,a=e===void 0?t._$AB:e._$AA;if(s===void 0){let l=n.insertBefore(he(),a),r=n.insertBefore(he(),a);s=new Qe(l,r,t,t.options)}else{let l=s._$AB.nextSibling,r=s._$AM,p=r!==t;if(p){let d;s._$AQ?.(t),s._$AM=t,s._$AP!==void 0&&(d=t._$AU)!==r._$AU&&s._$AP(d)}if(l!==a||p){let d=s._$AA;for(;d!==l;){let h=d.nextSibling;n.insertBefore(d,a),d=h}}}return s},M=(t,e,s=t)=>(t._$AI(e,s),t),Xe={},$e=(t,e=Xe)=>t._$AH=e,ge=t=>t._$AH,vt=t=>{t._$AR(),t._$AA.remove()};var ve=(t,e,s)=>{let n=new Map;for(let a=e;a<=s;a++)n.set(t[a],a);return n},be=Y(class extends W{constructor(t){if(super(t),t.type!==gt.CHILD)throw Error("repeat() can only be used in text expressions")}dt(t,e,s){let n;s===void 0?s=e:e!==void 0&&(n=e);let a=[],l=[],r=0;for(let p of t)a[r]=n?n(p,r):r,l[r]=s(p,r),r++;return{values:l,keys:a}}render(t,e,s){return this.dt(t,e,s).values}update(t,[e,s,n]){let a=ge(t),{values:l,keys:r}=this.dt(e,s,n);if(!Array.isArray(a))return this.ut=r,l;let p=this.ut??=[],d=[],h,v,u=0,f=a.length-1,m=0,b=l.length-1;for(;u<=f&&m<=b;)if(a[u]===null)u++;else if(a[f]===null)f--;else if(p[u]===r[m])d[m]=M(a[u],l[m]),u++,m++;else if(p[f]===r[b])d[b]=M(a[f],l[b]),f--,b--;else if(p[u]===r[b])d[b]=M(a[u],l[b]),q(t,d[b+1],a[u]),u++,b--;else if(p[f]===r[m])d[m]=M(a[f],l[m]),q(t,a[u],a[f]),f--,m++;else if(h===void 0&&(h=ve(r,m,b),v=ve(p,u,f)),h.has(p[u]))if(h.has(p[f])){let C=v.get(r[m]),xt=C!==void 0?a[C]:null;if(xt===null){let Wt=q(t,a[u]);M(Wt,l[m]),d[m]=Wt}else d[m]=M(xt,l[m]),q(t,a[u],xt),a[C]=null;m++}else vt(a[f]),f--;else vt(a[u]),u++;for(;m<=b;){let C=q(t,d[b+1]);M(C,l[m]),d[m++]=C}for(;u<=f;){let C=a[u++];C!==null&&vt(C)}return this.ut=r,$e(t,d),H}});function Je(t){return[t.is_at_limits?"refused by its limits":"",t.is_hot?"hot destinations":"",t.is_sudden?"many calls, and usually quiet":""].filter(e=>e!=="").join(", ")}function Ye(t){let e=t.account??"#"+t.account_id;return i`<tr data-account=${e}>
    <td class="strong"><a href="#/accounts/${e}">${e}</a></td>
    <td>${Je(t)}</td>
    <td>${t.destinations.map(s=>i`<span class="tag">${s.prefix}… ${_(s.calls)}</span> `)}</td>
    <td class="num">${_(t.calls_in_10s)}</td>
    <td class="num">${_(t.refused_in_10s)}</td>
    <td class="num strong">${g(t.money_a_minute,t.currency)}</td>
    <td class="num" title=${A(t.since_wall_us)}>${S(t.since_wall_us)}</td></tr>`}function _e(){let t=o.status?.edge.alerts??[];if(t.length===0)return c;let e=["Calls in 10 s","Refused","A minute of talk","Since"];return i`<section class="card wide" role="alert" aria-labelledby="alerts-title">
    <div class="head"><h2 id="alerts-title">Fraud suspected <span class="count">${_(t.length)}</span></h2></div>
    <div class="scroll"><table class="alerts">
      <thead><tr><th scope="col">Account</th><th scope="col">Why</th><th scope="col">Calls to</th>
        ${e.map(s=>i`<th scope="col" class="num">${s}</th>`)}</tr></thead>
      <tbody>${t.map(Ye)}</tbody></table></div>
  </section>`}var ts=50;function es(t){return i`<tr data-source=${t.source}>
    <td class="strong">${t.source}${t.has_customers?i` <span class="tag" title="They are heard all the same">customers behind it</span>`:c}</td>
    <td>${t.reason}${t.actor===null?c:i` <small>by ${t.actor}</small>`}</td>
    <td class="num" title=${A(t.wall_until_us)}>${S(t.wall_until_us)}</td>
    <td class="num">${_(t.level+1)}</td>
    <td class="num">${_(t.dropped)}</td>
    <td class="act"><button class="small" @click=${()=>void de(t)}
      aria-label="Lift the ban of ${t.source}">Lift</button></td></tr>`}function ye(){if(o.bans.length===0)return c;let t=["Until","Times","Dropped"];return i`<section class="card wide" aria-labelledby="bans-title">
    <div class="head"><h2 id="bans-title">Banned sources <span class="count">${_(o.bans.length)}</span></h2></div>
    <div class="scroll"><table class="bans">
      <thead><tr><th scope="col">Source</th><th scope="col">Why</th>
        ${t.map(e=>i`<th scope="col" class="num">${e}</th>`)}
        <th scope="col"><span class="sr">Act</span></th></tr></thead>
      <tbody>${o.bans.slice(0,ts).map(es)}</tbody></table></div>
  </section>`}function Bt(t){return t.length===0?i`<p class="empty">No calls yet.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">Ended</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Account</th><th scope="col" class="num">Talk</th><th scope="col" class="num">Charge</th>
      <th scope="col">Result</th></tr></thead>
    <tbody>${t.map(e=>i`<tr>
      <td class="num left" title=${A(e.wall_end_us)}>${S(e.wall_end_us)}</td>
      <td class="strong">${e.caller}</td><td class="strong">${e.callee}</td>
      <td>${j(e.account_id)||"\u2013"}</td>
      <td class="num">${e.wall_answer_us>0?J(e.talk_us):"\u2013"}</td>
      <td class="num strong">${g(e.charge,e.currency)}</td>
      <td>${e.wall_answer_us>0?i`<span class="state answered">${e.end}</span>`:i`<span class="state failed">${e.status} ${e.reason}</span>`}
        ${e.flags.filter(s=>s!=="answered").map(s=>i` <span class="tag ${s}">${s}</span>`)}</td>
    </tr>`)}</tbody></table></div>`}function Ut(t){return t.length===0?i`<p class="empty">Nobody was refused.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Reason</th></tr></thead>
    <tbody>${t.map(e=>i`<tr>
      <td class="num left" title=${A(e.wall_us)}>${S(e.wall_us)}</td>
      <td class="strong">${e.caller??""}<small>${j(e.account_id)}</small></td>
      <td class="strong">${e.callee??""}</td>
      <td><span class="state failed">${e.status??""} ${e.reason??""}</span><small>${e.why??""}</small></td>
    </tr>`)}</tbody></table></div>`}var tt={rows:[],next:null,query:"",isRead:!1,failure:""},et={rows:[],next:null,query:"",isRead:!1,failure:""};async function st(t,e,s,n){e.isRead=!0,e.query=s;try{let a=n===null?"":"&cursor="+n,l=await y(`${t}?max=100${s}${a}`);e.rows=n===null?l.items:[...e.rows,...l.items],e.next=l.next,e.failure=""}catch(a){e.failure=a instanceof Error?a.message:String(a)}$()}function Ae(t){let e="";for(let[s,n]of new FormData(t)){let a=String(n).trim();if(a!==""){let l=s==="from"||s==="to"?new Date(a).toISOString().replace(/\.\d+/,""):a;e+=`&${s}=${encodeURIComponent(l)}`}}return e}function we(t,e){return i`${e.failure===""?c:i`<p class="failure" role="alert">${e.failure}</p>`}
    ${e.next===null?c:i`<p class="more"><button class="small"
      @click=${()=>void st(t,e,e.query,e.next)}>Show older</button></p>`}`}var Te=()=>i`<label>Account <select name="account"><option value="">all</option>
  ${o.accounts.map(t=>i`<option>${t.name}</option>`)}</select></label>`;function xe(){return tt.isRead||st("/v1/cdrs",tt,"",null),i`<section class="card wide"><div class="head"><h1>Call records</h1></div>
    <form class="filters" @submit=${t=>{t.preventDefault(),st("/v1/cdrs",tt,Ae(t.target),null)}}>
      ${Te()}
      <label>Number or user <input name="number" spellcheck="false"></label>
      <label>From <input name="from" type="datetime-local"></label>
      <label>To <input name="to" type="datetime-local"></label>
      <button class="primary">Search</button>
    </form>${Bt(tt.rows)}${we("/v1/cdrs",tt)}</section>`}function Se(){return et.isRead||st("/v1/refusals",et,"",null),i`<section class="card wide"><div class="head"><h1>Refused calls</h1></div>
    <form class="filters" @submit=${t=>{t.preventDefault(),st("/v1/refusals",et,Ae(t.target),null)}}>
      ${Te()}<button class="primary">Search</button>
    </form>${Ut(et.rows)}${we("/v1/refusals",et)}</section>`}var Ce=100,bt=t=>t.wall_answer_us>0,_t=()=>o.callsStale?0:Math.max(0,Date.now()*1e3-o.callsAsOfUs);function ss(t){let e=Number(t.cost);return bt(t)?e+Number(t.price_per_min)/6e7*_t():e}function ns(t,e){let s=t.money_left??t.left;if(s===void 0)return"\u2013";let n=(e.get(t.account_id)??0)/6e7*_t();return g(Math.max(0,Number(s)-n))}function as(t){return t.paid_until_us===void 0?t.is_emergency?"free":"\u2013":t.paid_until_us<0?"\u221E":J(t.paid_until_us-_t())}function Re(){let t=new Map;for(let e of o.calls)bt(e)&&t.set(e.account_id,(t.get(e.account_id)??0)+Number(e.price_per_min));return t}function is(t){o.ending=t,o.note="",$()}function os(t,e){let s=t.is_emergency?"emergency":t.is_inbound?"inbound":t.is_on_net?"on-net":"",n=j(t.account_id);return i`<tr data-key=${t.key}>
    <td data-label="Caller" class="strong">${t.caller}</td>
    <td data-label="Called" class="strong">${t.callee}${s===""?c:i` <span class="tag ${s}">${s}</span>`}</td>
    <td data-label="Account">${n===""?"\u2013":i`<a href="#/accounts/${n}">${n}</a>`}</td>
    <td data-label="State"><span class="state ${t.state}">${t.state}</span></td>
    <td data-label="Since" class="num" title=${A(t.wall_start_us)}>${S(t.wall_start_us)}</td>
    <td data-label="Talk" class="num">${bt(t)?J(t.talk_us+_t()):"\u2013"}</td>
    <td data-label="Price / min" class="num">${me(t.price_per_min)} <small>${t.currency}</small></td>
    <td data-label="Cost so far" class="num strong">${g(ss(t))}</td>
    <td data-label="Money left" class="num">${ns(t,e)}</td>
    <td data-label="Paid for" class="num">${as(t)}</td>
    ${T()?i`<td class="act"><button class="danger small" @click=${()=>is(t)}
      aria-label="End the call from ${t.caller} to ${t.callee}">End</button></td>`:c}
  </tr>`}function ls(t,e){return[t.caller,t.callee,j(t.account_id),t.state].some(s=>s.toLowerCase().includes(e))}function rs(){let t=o.filter.trim().toLowerCase(),e=t===""?o.calls:o.calls.filter(l=>ls(l,t)),s=e.slice(0,o.shownMax),n=Re(),a=["Caller","Called","Account","State","Since","Talk","Price / min","Cost so far","Money left","Paid for"];return i`<section class="card wide" aria-labelledby="calls-title">
    <div class="head"><h2 id="calls-title">Calls in progress <span class="count">${_(o.callTotal)}</span></h2>
      <input type="search" placeholder="Filter: number, user, account, state" aria-label="Filter the calls"
        .value=${o.filter} @input=${l=>{o.filter=l.target.value,$()}}></div>
    <div class="scroll ${o.callsStale?"is-stale":""}"><table class="calls">
      <thead><tr>${a.map((l,r)=>i`<th scope="col" class=${r>3?"num":""}>${l}</th>`)}
        ${T()?i`<th scope="col"><span class="sr">Act</span></th>`:c}</tr></thead>
      <tbody>${be(s,l=>l.key,l=>os(l,n))}</tbody>
    </table>
    ${s.length>0?c:i`<p class="empty">${o.calls.length===0?"Nobody is talking now.":"No call matches."}</p>`}</div>
    ${e.length<=s.length&&o.callTotal<=o.calls.length?c:i`<p class="more">
      ${_(s.length)} of ${_(t===""?o.callTotal:e.length)} are shown.
      ${e.length>s.length?i`<button class="small" @click=${()=>{o.shownMax+=Ce,$()}}>Show ${Ce} more</button>`:c}</p>`}
  </section>`}function nt(t,e,s=""){return i`<div class="figure"><dt>${t}</dt><dd>${e}<small>${s}</small></dd></div>`}function cs(){let t=o.calls.filter(bt),e=new Map;for(let r of t)e.set(r.currency,(e.get(r.currency)??0)+Number(r.price_per_min));let s=[...e].map(([r,p])=>g(p,r)).join(" + "),n=o.status?.edge,l=o.callTotal<=o.calls.length?t.length:n?.calls_answered??t.length;return i`<dl class="figures">
    ${nt("Calls in progress",_(o.callTotal),` ${_(l)} answered`)}
    ${nt("Spent a minute",s===""?"0.00":s)}
    ${n===void 0?c:nt("Registered",_(n.bindings),` contacts, ${_(n.aors)} users`)}
    ${n?.lease?.outstanding===void 0?c:nt("Set aside at the edge",g(n.lease.outstanding))}
    ${nt("Refused lately",_(o.refusals.length>=50?50:o.refusals.length),o.refusals[0]===void 0?"":` last ${k(o.refusals[0].wall_us)} ago`)}
  </dl>`}function ds(){let t=Re();return i`<section class="card" aria-labelledby="balances-title">
    <div class="head"><h2 id="balances-title">Balances</h2></div>
    <div class="scroll ${o.accountsStale?"is-stale":""}"><table>
      <thead><tr><th scope="col">Account</th><th scope="col" class="num">Balance</th>
        <th scope="col" class="num">Set aside</th><th scope="col" class="num">Spends / min</th></tr></thead>
      <tbody>${o.accounts.slice(0,50).map(e=>i`<tr>
        <td><a href="#/accounts/${e.name}">${e.name}</a>
          ${e.is_suspended?i`<span class="tag bad">suspended</span>`:c}</td>
        <td class="num strong">${g(e.balance?.balance,e.currency)}</td>
        <td class="num">${g(e.balance?.leased)}</td>
        <td class="num">${g(t.get(e.id)??0)}</td></tr>`)}</tbody>
    </table></div>
  </section>`}function Ee(){return i`<h1 class="sr">Live view</h1>${T()?_e():c}${cs()}${rs()}
    <div class="columns">${ds()}
      <section class="card" aria-labelledby="refusals-title">
        <div class="head"><h2 id="refusals-title">Last refusals</h2><a href="#/refusals">All</a></div>
        ${Ut(o.refusals.slice(0,10))}</section>
    </div>
    ${T()?ye():c}
    <section class="card wide" aria-labelledby="cdrs-title">
      <div class="head"><h2 id="cdrs-title">Last call records</h2><a href="#/cdrs">All</a></div>
      ${Bt(o.cdrs.slice(0,12))}</section>`}function ke(){return i`<section class="card wide"><div class="head"><h1>Accounts</h1></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Class</th>
      <th scope="col" class="num">Balance</th><th scope="col" class="num">Set aside</th>
      <th scope="col" class="num">Available</th><th scope="col" class="num">Calls at once</th></tr></thead>
    <tbody>${o.accounts.map(t=>i`<tr>
      <td class="strong"><a href="#/accounts/${t.name}">${t.name}</a>
        ${t.is_suspended?i`<span class="tag bad">suspended</span>`:c}</td>
      <td>${t.kind}</td><td>${t.class}</td>
      <td class="num strong">${g(t.balance?.balance,t.currency)}</td>
      <td class="num">${g(t.balance?.leased)}</td><td class="num">${g(t.balance?.available)}</td>
      <td class="num">${t.channels_max??"no limit"}</td></tr>`)}</tbody></table></div></section>`}var Ot=Me("");function Me(t){return{name:t,readAtMs:0,account:null,endpoints:[],bindings:new Map,transfers:[],failure:"",said:"",key:ut()}}async function us(t){for(let e of t.endpoints.slice(0,50))try{let s=await y(`/v1/endpoints/${encodeURIComponent(e.user)}/bindings`);t.bindings.set(e.user,s.items)}catch{t.bindings.set(e.user,null)}$()}async function It(t){t.readAtMs=Date.now();let e=encodeURIComponent(t.name);try{t.account=await y(`/v1/accounts/${e}`),t.endpoints=(await y(`/v1/endpoints?account=${e}`)).items,t.transfers=(await y(`/v1/accounts/${e}/transfers?max=25`)).items,t.failure=""}catch(s){t.failure=s instanceof Error?s.message:String(s)}$(),await us(t)}async function ms(t,e){t.preventDefault();let s=t.target,n=new FormData(s),a=String(n.get("amount")??"").trim().replace(",",".");try{await x("POST",`/v1/accounts/${encodeURIComponent(e.name)}/topups`,{amount:a,reason:String(n.get("reason")??"")},{"Idempotency-Key":e.key}),e.said=`${a} was added.`,e.failure="",e.key=ut(),s.reset()}catch(l){e.said="",e.failure=l instanceof Error?l.message:String(l),l instanceof w&&l.isUnknown||(e.key=ut())}await It(e),await X()}async function ps(t,e,s){let n=`/v1/accounts/${encodeURIComponent(t.name)}/suspension`;try{e.is_suspended?await x("DELETE",n):await x("PUT",n,{why:String(new FormData(s??void 0).get("why")??"")}),t.failure=""}catch(a){t.failure=a instanceof Error?a.message:String(a)}await It(t)}function hs(t){return i`<section class="card wide" aria-labelledby="devices-title">
    <div class="head"><h2 id="devices-title">Endpoints</h2></div>
    ${t.endpoints.length===0?i`<p class="empty">No endpoints.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">User</th><th scope="col">Numbers</th><th scope="col">Registered at</th>
      <th scope="col">Device</th><th scope="col">Expires in</th></tr></thead>
    <tbody>${t.endpoints.map(e=>{let s=t.bindings.get(e.user),n=s??[];return i`<tr><td class="strong">${e.user}
        ${e.is_disabled?i`<span class="tag bad">disabled</span>`:c}
        ${e.digest==="sha-256"?i`<span class="tag" title="Credentials by MD5 are refused.">SHA-256 only</span>`:c}</td>
        <td>${e.identities.join(", ")||"\u2013"}</td>
        <td>${s===void 0?"\u2026":s===null?"not known now":n.length===0?i`<span class="state failed">not registered</span>`:n.map(a=>i`<div>${a.source??a.uri}${a.is_flow_lost?" (connection lost)":""}</div>`)}</td>
        <td>${n.map(a=>i`<div>${a.user_agent??""}</div>`)}</td>
        <td>${n.map(a=>i`<div>${a.wall_expires_us===void 0?"":k(2*Date.now()*1e3-a.wall_expires_us)}</div>`)}</td></tr>`})}</tbody></table></div>`}</section>`}function fs(t,e){return i`<section class="card wide" aria-labelledby="statement-title">
    <div class="head"><h2 id="statement-title">Statement</h2></div>
    ${t.transfers.length===0?i`<p class="empty">No entries.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Kind</th><th scope="col" class="num">Amount</th>
      <th scope="col">By</th><th scope="col">Why</th></tr></thead>
    <tbody>${t.transfers.map(s=>i`<tr><td class="num left" title=${A(s.wall_us)}>${S(s.wall_us)}</td>
      <td>${s.kind}</td><td class="num strong">${g(s.amount,e)}</td>
      <td>${s.actor}</td><td>${s.reason}</td></tr>`)}</tbody></table></div>`}</section>`}function $s(t,e){return i`<section class="card" aria-labelledby="act-title">
    <div class="head"><h2 id="act-title">Top up</h2></div>
    <form class="stack" @submit=${s=>void ms(s,t)}>
      <label>Amount in ${e.currency}
        <input name="amount" inputmode="decimal" pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <label>Reason <input name="reason" maxlength="150" placeholder="Bank transfer"></label>
      <button class="primary">Top up</button>
    </form>
    <div class="head"><h2>Suspension</h2></div>
    <form class="stack" @submit=${s=>{s.preventDefault(),ps(t,e,s.target)}}>
      ${e.is_suspended?i`<p>Suspended by ${e.suspended_by}: ${e.suspended_why}</p><button>Resume</button>`:i`<label>Why <input name="why" maxlength="95" required></label><button class="danger">Suspend</button>`}
    </form></section>`}function Pe(t){Ot.name!==t&&(Ot=Me(t));let e=Ot;Date.now()-e.readAtMs>5e3&&It(e);let s=e.account,n=o.accounts.find(a=>a.name===t)?.balance??s?.balance;return i`<div class="head"><h1>${t}${s?.is_suspended===!0?i` <span class="tag bad">suspended</span>`:c}</h1><a href="#/accounts">All accounts</a></div>
    ${e.failure===""?c:i`<p class="failure" role="alert">${e.failure}</p>`}
    ${e.said===""?c:i`<p class="said" role="status">${e.said}</p>`}
    ${s===null?c:i`<div class="columns"><section class="card" aria-labelledby="money-title">
        <div class="head"><h2 id="money-title">Money</h2></div>
        <dl class="facts"><div><dt>Balance</dt><dd class="big">${g(n?.balance,s.currency)}</dd></div>
          <div><dt>Available</dt><dd>${g(n?.available,s.currency)}</dd></div>
          <div><dt>Set aside at the edge</dt><dd>${g(n?.leased,s.currency)}</dd></div>
          <div><dt>Credit limit</dt><dd>${g(s.limit,s.currency)}</dd></div>
          <div><dt>Kind and class</dt><dd>${s.kind}, ${s.class}</dd></div>
          <div><dt>Calls at once</dt><dd>${s.channels_max??"no limit"}</dd></div>
          <div><dt>Calls a second</dt><dd>${s.cps_max??"no limit"}</dd></div></dl></section>
      ${T()?$s(e,s):c}</div>
      ${hs(e)}${fs(e,s.currency)}`}`}var E=null,At="";async function gs(t){t.preventDefault();let e=new FormData(t.target),s=String(e.get("kind")),n=new URLSearchParams({[s]:String(e.get("who")).trim(),number:String(e.get("number")).trim()});try{E=await y("/v1/explain?"+n.toString()),At=""}catch(a){E=null,At=a instanceof Error?a.message:String(a)}$()}function De(t){return t==null||t===""?"\u2013":Array.isArray(t)?i`<ol>${t.map(e=>i`<li>${De(e)}</li>`)}</ol>`:typeof t=="object"?yt(t):String(t)}function yt(t){return i`<dl class="facts">${Object.entries(t).map(([e,s])=>i`<div>
    <dt>${e.replaceAll("_"," ")}</dt><dd>${De(s)}</dd></div>`)}</dl>`}function vs(t){let e=t.would==="connect"?"The call would connect.":t.would==="ask"?"The call would ask the ledger for money first, and connect if there is enough.":`The call would be refused: ${t.status??""} ${t.reason??""}`;return i`<p class=${t.would==="refuse"?"failure":"said"} role="status">${e}</p>
    ${t.why===void 0?c:i`<p>${t.why}</p>`}`}function Ne(){return i`<section class="card wide"><div class="head"><h1>Explain a call</h1></div>
    <form class="filters" @submit=${t=>void gs(t)}>
      <label>Who <select name="kind"><option value="account">account</option>
        <option value="endpoint">endpoint</option><option value="trunk">trunk</option></select></label>
      <label>Name <input name="who" list="names" required spellcheck="false" autocapitalize="none"></label>
      <datalist id="names">${o.accounts.map(t=>i`<option value=${t.name}></option>`)}</datalist>
      <label>Dials <input name="number" required spellcheck="false" placeholder="+49 30 123456"></label>
      <button class="primary">Explain</button>
    </form>
    ${At===""?c:i`<p class="failure" role="alert">${At}</p>`}
    ${E===null?c:i`${vs(E)}<div class="columns">
      <div><h2>Route and price</h2>${yt(E.plan)}</div>
      ${E.lease===void 0?c:i`<div><h2>Money at the edge</h2>${yt(E.lease)}</div>`}
      ${E.limits===void 0?c:i`<div><h2>Limits</h2>${yt(E.limits)}</div>`}</div>`}
  </section>`}var at=(t,e)=>{let s=t._$AN;if(s===void 0)return!1;for(let n of s)n._$AO?.(e,!1),at(n,e);return!0},wt=t=>{let e,s;do{if((e=t._$AM)===void 0)break;s=e._$AN,s.delete(t),t=e}while(s?.size===0)},He=t=>{for(let e;e=t._$AM;t=e){let s=e._$AN;if(s===void 0)e._$AN=s=new Set;else if(s.has(t))break;s.add(t),ys(e)}};function bs(t){this._$AN!==void 0?(wt(this),this._$AM=t,He(this)):this._$AM=t}function _s(t,e=!1,s=0){let n=this._$AH,a=this._$AN;if(a!==void 0&&a.size!==0)if(e)if(Array.isArray(n))for(let l=s;l<n.length;l++)at(n[l],!1),wt(n[l]);else n!=null&&(at(n,!1),wt(n));else at(this,t)}var ys=t=>{t.type==gt.CHILD&&(t._$AP??=_s,t._$AQ??=bs)},Tt=class extends W{constructor(){super(...arguments),this._$AN=void 0}_$AT(e,s,n){super._$AT(e,s,n),He(this),this.isConnected=e._$AU}_$AO(e,s=!0){e!==this.isConnected&&(this.isConnected=e,e?this.reconnected?.():this.disconnected?.()),s&&(at(this,e),wt(this))}setValue(e){if(fe(this._$Ct))this._$Ct._$AI(e,this);else{let s=[...this._$Ct._$AH];s[this._$Ci]=e,this._$Ct._$AI(s,this,0)}}disconnected(){}reconnected(){}};var Ft=new WeakMap,Le=Y(class extends Tt{render(t){return c}update(t,[e]){let s=e!==this.G;return s&&this.G!==void 0&&this.rt(void 0),(s||this.lt!==this.ct)&&(this.G=e,this.ht=t.options?.host,this.rt(this.ct=t.element)),c}rt(t){if(this.isConnected||(t=void 0),typeof this.G=="function"){let e=this.ht??globalThis,s=Ft.get(e);s===void 0&&(s=new WeakMap,Ft.set(e,s)),s.get(this.G)!==void 0&&this.G.call(this.ht,void 0),s.set(this.G,t),t!==void 0&&this.G.call(this.ht,t)}else this.G.value=t}get lt(){return typeof this.G=="function"?Ft.get(this.ht??globalThis)?.get(this.G):this.G?.value}disconnected(){this.lt===this.ct&&this.rt(void 0)}reconnected(){this.rt(this.ct)}});function Ue(t){let e=t;e!==void 0&&e.isConnected&&!e.open?e.showModal():e!==void 0&&!e.isConnected&&queueMicrotask(()=>Ue(e))}function Be(){o.ending=null,$()}function Oe(){let t=o.ending;return t===null?c:i`<dialog ${Le(Ue)} aria-labelledby="end-title" @close=${Be}>
    <h2 id="end-title">End this call?</h2>
    <p><b>${t.caller}</b> ${t.wall_answer_us>0?"is talking to":"is calling"} <b>${t.callee}</b>. Both are hung up at once.</p>
    <div class="buttons">
      <button autofocus @click=${Be}>Cancel</button>
      <button class="danger" id="end-confirm" @click=${()=>void ce(t)}>End the call</button>
    </div>
  </dialog>`}var As=[["","Live"],["accounts","Accounts"],["cdrs","Call records"],["refusals","Refusals"],["explain","Explain"]];function I(t,e,s,n=""){return i`<span class="chip ${e===null?"plain":e?"good":"bad"}" title=${n}><i aria-hidden="true"></i><b>${t}</b> ${s}</span>`}function ws(){let t=o.status,e=t?.edge,s=e?.store??t?.web.store,n=s?.state==="ok",a=s===void 0?"unknown":n?"answers":"silent for "+k(s.since_wall_us??Date.now()*1e3);return i`<div class="bar" role="status" aria-label="State of the parts">
    ${I("Live",o.isFollowing,o.isFollowing?"following":"reconnecting\u2026")}
    ${T()&&t!==null?i`
      ${I("Edge",e?.state==="ready",e?.state??"unknown",e?.state==="unknown"?"It does not answer now. Calls may well go on.":"")}
      ${I("Ledger",s===void 0?null:n,a,n?"":s?.error??"")}
      ${(t.supervisor.roles??[]).filter(l=>l.name!=="edge").map(l=>I(l.name,l.state==="ready",l.state,`${l.restarts??0} restarts`))}
      ${e?.lease?.bound===void 0?c:I("At risk at most",null,g(e.lease.bound),"What grace can lose while the ledger is silent")}
      ${e?.outbox?.unsettled===void 0?c:I("Unsettled",null,String(e.outbox.unsettled),"Usages that the ledger has not booked yet")}`:c}
    ${T()&&(t?.edge.alerts??[]).length>0?I("Fraud",!1,"suspected: "+(t?.edge.alerts??[]).map(l=>l.account??"#"+l.account_id).join(", ")):c}
    ${o.callsStale?i`<span class="chip bad" title=${A(o.callsAsOfUs)}>
      <i aria-hidden="true"></i><b>Calls</b> as of ${k(o.callsAsOfUs)} ago</span>`:c}
    ${o.accountsStale?i`<span class="chip bad" title=${A(o.accountsAsOfUs)}>
      <i aria-hidden="true"></i><b>Balances</b> as of ${k(o.accountsAsOfUs)} ago</span>`:c}
    ${o.error===""?c:i`<span class="chip bad"><i aria-hidden="true"></i>${o.error}</span>`}
  </div>`}function Ts(){let t=o.route[0]??"",e=As.filter(([s])=>s!=="explain"||T());return i`<header>
    <a class="brand" href="#/"><img src="/favicon.svg" alt="" width="26" height="26">dialtone</a>
    <nav aria-label="Pages">${e.map(([s,n])=>i`
      <a href="#/${s}" aria-current=${t===s?"page":"false"}>${n}</a>`)}
    </nav>
    <span class="who">${o.session?.name.replace(/^[a-z]+:/,"")}
      <button class="quiet" @click=${()=>void re()}>Log out</button></span>
  </header>`}function xs(){switch(o.route[0]??""){case"accounts":return o.route[1]===void 0?ke():Pe(o.route[1]);case"cdrs":return xe();case"refusals":return Se();case"explain":return Ne();default:return Ee()}}function Ie(){return o.isChecked?o.session===null?pe():i`${Ts()}${ws()}<main>${xs()}</main>
    <p class="toast ${o.note===""?"is-empty":""}" role="status" aria-live="polite">${o.note}</p>
    ${Oe()}`:i`<p class="wait">One moment…</p>`}function Fe(){o.route=location.hash.replace(/^#\/?/,"").split("/").filter(t=>t!=="").map(decodeURIComponent),o.note="",$()}var jt=document.createElement("div");jt.id="app";document.body.append(jt);oe(()=>ee(Ie(),jt));addEventListener("hashchange",Fe);Fe();le();setInterval(()=>{o.session!==null&&!document.hidden&&$()},1e3);})();
